//! URLs as users write them: without a scheme, with names in any script, with spaces.

use std::fmt::Write;
use std::net::IpAddr;

/// Returns the URL that `text` means: with the scheme http if it has none, as in curl; a host name in ASCII (IDNA); and the
/// characters of the path that a URL can't have in percent encoding. What can't be completed is unchanged, and is not a URL.
pub fn completed(text: &str) -> String {
    let (scheme, rest) = split_scheme(text).unwrap_or(("http", text));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    format!("{scheme}://{}{}", in_ascii(authority), encoded(path))
}

/// Whether `text` is the address of a server without a scheme: `127.0.0.1:3000`, `localhost:3000`, `[::1]`. A name without a
/// port may be something else.
pub fn is_address(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    let is_ip = authority.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    split_scheme(text).is_none() && (has_port || is_ip)
}

/// The scheme, and what follows it; `None` without a scheme. A query may have another URL in it.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    text.split_once("://").filter(|(scheme, _)| !scheme.contains(['/', '?', '#', ':']))
}

/// The authority with its host in ASCII.
fn in_ascii(authority: &str) -> String {
    if authority.is_ascii() || authority.contains('@') {
        return authority.to_owned();
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, format!(":{port}")),
        None => (authority, String::new()),
    };
    url::Host::parse(host).map_or_else(|_| authority.to_owned(), |host| format!("{host}{port}"))
}

/// The path and the query, with the bytes in percent encoding that a request line can't have.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if matches!(byte, 0..=b' ' | 0x7f.. | b'<' | b'>' | b'\\' | b'^' | b'`') {
            let _ = write!(encoded, "%{byte:02X}");
        } else {
            encoded.push(char::from(byte));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    #[test]
    fn a_url_is_completed_as_in_curl() {
        for (text, url) in [
            ("127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
            ("localhost:8000", "http://localhost:8000"),
            ("h:8/x?a=http://b", "http://h:8/x?a=http://b"),
            ("[::1]:8000?a=1", "http://[::1]:8000?a=1"),
            ("https://a.example/x", "https://a.example/x"),
            ("http://bücher.example:80/ä b?ö", "http://xn--bcher-kva.example:80/%C3%A4%20b?%C3%B6"),
            ("http://a/x/../%2e%2e//y%20", "http://a/x/../%2e%2e//y%20"),
        ] {
            assert_eq!(completed(text), url);
            assert!(completed(text).parse::<Uri>().is_ok(), "{text}");
        }
        assert_eq!(completed("ftp://x/a"), "ftp://x/a");
        assert_eq!(completed("http://u:ä@h/"), "http://u:ä@h/");
    }

    #[test]
    fn a_name_alone_is_no_address() {
        for text in ["127.0.0.1:3000", "localhost:3000/app", "[::1]", "10.0.0.1", "a.example:80"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["mars", "", "/x", ":80", "a:b", "http://a:80", "fastapi"] {
            assert!(!is_address(text), "{text}");
        }
    }
}
