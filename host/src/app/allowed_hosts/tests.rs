use proptest::prelude::*;

use super::*;

fn allowed(patterns: &[&str]) -> AllowedHosts {
    AllowedHosts::new(patterns.iter().map(|pattern| HostPattern::parse(pattern).unwrap()).collect())
}

fn scope(patterns: &[&str], scheme: &str, host: &str, port: u16) -> Option<AddressScope> {
    allowed(patterns).scope(scheme, &normalize_host(host)?, port)
}

#[test]
fn a_pattern_allows_only_matching_requests() {
    for (pattern, scheme, host, port, allowed) in [
        ("https://example.com", "https", "example.com", 443, true),
        ("https://example.com", "https", "EXAMPLE.com.", 443, true),
        ("https://example.com.", "https", "example.com", 443, true),
        ("https://bücher.example", "https", "xn--bcher-kva.example", 443, true),
        ("https://example.com", "http", "example.com", 443, false),
        ("https://example.com", "https", "example.com", 8443, false),
        ("https://example.com", "https", "www.example.com", 443, false),
        ("https://example.com/", "https", "example.com", 443, true),
        ("*://example.com:*", "http", "example.com", 1, true),
        ("http://*:80", "http", "anything", 80, true),
        ("http://*", "http", "127.0.0.1", 80, true),
        ("http://*.example.com", "http", "a.b.example.com", 80, true),
        ("http://*.example.com", "http", "example.com", 80, false),
        ("http://*.example.com", "http", "evilexample.com", 80, false),
        ("http://127.0.0.1:80", "http", "127.0.0.1", 80, true),
        ("http://127.0.0.1:80", "http", "2130706433", 80, true),
        ("http://10.0.0.0/8:*", "http", "10.1.2.3", 9, true),
        ("http://10.0.0.0/8:*", "http", "0xa.1", 9, true),
        ("http://10.0.0.0/8:*", "http", "11.0.0.1", 9, false),
        ("http://10.0.0.0/8:*", "http", "ten.example", 9, false),
        ("http://[::1]:8000..8100", "http", "[::1]", 8000, true),
        ("http://[::1]:8000..8100", "http", "[0:0::1]", 8099, true),
        ("http://[::1]:8000..8100", "http", "[::1]", 8100, false),
        ("http://2001:db8::/32", "http", "[2001:db8:1::1]", 80, true),
        ("http://2001:db8::/32:81", "http", "[2001:db8:1::1]", 81, true),
        ("http://::ffff:10.0.0.0/104", "http", "10.9.9.9", 80, true),
        ("http://10.0.0.0/8", "http", "[::ffff:10.0.0.1]", 80, true),
        ("http://self", "http", "self", 80, false),
        ("http://api.spin.internal", "http", "api.spin.internal", 80, true),
        ("http://api.spin.internal", "http", "other.spin.internal", 80, false),
        ("https://*.spin.internal", "https", "api.spin.internal", 443, true),
    ] {
        let found = scope(&[pattern], scheme, host, port).is_some();
        assert_eq!(found, allowed, "{pattern}: {scheme}://{host}:{port}");
    }
}

#[test]
fn an_unusual_spelling_of_an_address_is_not_a_name() {
    for spelling in ["0x7f.1", "2130706433", "127.1", "[::ffff:127.0.0.1]", "%31%32%37.0.0.1", "127.0.0.1."] {
        assert_eq!(normalize_host(spelling), Some(Host::Ipv4([127, 0, 0, 1].into())), "{spelling}");
        assert_eq!(
            scope(&["http://*.example", "http://x", "http://10.0.0.0/8"], "http", spelling, 80),
            None,
            "{spelling}"
        );
    }
}

#[test]
fn a_name_that_only_a_suffix_allows_must_not_resolve_to_a_local_address() {
    let suffix = "http://*.example.com";
    assert_eq!(scope(&[suffix], "http", "a.example.com", 80), Some(AddressScope::NonLocal));
    assert_eq!(
        scope(&[suffix, "http://a.example.com"], "http", "a.example.com", 80),
        Some(AddressScope::Any)
    );
    assert_eq!(scope(&[], "http", "a.example.com", 80), None);
}

#[test]
fn self_is_allowed_by_its_name_or_by_the_host_wildcard() {
    for (pattern, expected) in [
        ("http://self", true),
        ("https://self.alt", true),
        ("*://*:*", true),
        ("redis://*:1", false),
        ("http://localhost", false),
    ] {
        assert_eq!(allowed(&[pattern]).allows_self(), expected, "{pattern}");
    }
}

#[test]
fn the_error_says_why_text_is_not_a_pattern() {
    let mut errors = String::new();
    for text in [
        "",
        "*",
        "example.com",
        "://x",
        "ht tp://x",
        "{http,https}://x",
        "http://",
        "http://a/b",
        "http://a?b",
        "http://u@a",
        "http://a*",
        "http://*.a.*",
        "http://*.1.2.3.4",
        "http://x:y",
        "http://x:70000",
        "http://x:9..9",
        "http://x:1..",
        "*://x",
        "ws://x",
        "http://{a,b}",
        "http://[::1",
        "http://10.0.0.0/33",
    ] {
        errors += &format!("{text} -> {}\n", HostPattern::parse(text).unwrap_err());
    }
    insta::assert_snapshot!(errors);
}

/// The rule in its simplest form, for names and addresses in normal form.
fn reference_rule(pattern: &str, scheme: &str, host: &str, port: u16) -> bool {
    let (allowed_scheme, rest) = pattern.split_once("://").unwrap();
    let (allowed_host, allowed_port) = rest.rsplit_once(':').unwrap();
    let host_fits = match allowed_host.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => host.ends_with(suffix) && host.parse::<IpAddr>().is_err(),
        None => allowed_host == host,
    };
    let port_fits = match allowed_port.split_once("..") {
        Some((first, end)) => (first.parse().unwrap()..end.parse().unwrap()).contains(&port),
        None => allowed_port == "*" || allowed_port == port.to_string(),
    };
    (allowed_scheme == "*" || allowed_scheme == scheme) && host_fits && port_fits
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*", host in "\\PC*") {
        let _ = normalize_host(&host);
        if let (Ok(pattern), Some(host)) = (HostPattern::parse(&text), normalize_host(&host)) {
            pattern.allows("http", &host, 80);
        }
    }

    #[test]
    fn patterns_agree_with_the_reference_rule(
        pattern in r"(\*|http|https)://(\*|(\*\.)?[ab](\.[ab]){0,2}|1\.1\.1\.[12]):(\*|8[0-3]|80\.\.8[1-3])",
        scheme in "http|https",
        host in r"[ab](\.[ab]){0,3}|1\.1\.1\.[12]",
        port in 79_u16..84,
    ) {
        let found = scope(&[&pattern], &scheme, &host, port).is_some();
        prop_assert_eq!(found, reference_rule(&pattern, &scheme, &host, port));
    }

    #[test]
    fn an_exact_pattern_allows_no_other_host(text in "[a-z0-9.*:/%\\[\\]-]{0,24}", host in "[a-z0-9.%x-]{1,16}") {
        // Spellings may differ, normal forms must not.
        let pattern = HostPattern::parse(&format!("http://{text}"));
        if let (Ok(HostPattern { host: HostMatcher::Exact(allowed), .. }), Some(host)) = (pattern, normalize_host(&host))
            && scope(&[&format!("http://{text}")], "http", &host.to_string(), 80).is_some()
        {
            prop_assert_eq!(allowed, host);
        }
    }
}
