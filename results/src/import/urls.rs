//! What a URL says about a burst.

use std::net::IpAddr;
use std::path::Path;

/// Returns a URL's path with dashes. If there is no URL, `url` is a path, and the result is its file name.
pub fn endpoint_of(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) => endpoint::name_of(url.path()),
        Err(_) => {
            Path::new(url).file_name().map_or(url.to_owned(), |name| name.to_string_lossy().into_owned())
        }
    }
}

/// Returns the server: scheme and authority. `None` if `url` is none.
pub fn server_of(url: &str) -> Option<String> {
    let origin = url::Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Whether the server shares the generator's clock, because it runs on the same machine.
pub fn is_local(url: &str) -> bool {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}
