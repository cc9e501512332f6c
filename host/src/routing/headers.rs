//! The request headers that Spin adds for the guest.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::app::route::RoutePattern;
use crate::app::route_headers::{PARAMETER_PREFIX, RouteHeaders};

const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
pub const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
const RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

/// Adds Spin's headers to a request for `url`. They replace headers with the same names that the client sent.
pub fn add_spin_headers(
    headers: &mut HeaderMap,
    route: &RouteHeaders,
    pattern: &RoutePattern,
    url: &Uri,
    client: &HeaderValue,
) {
    remove_parameter_headers(headers);
    headers.reserve(8 + route.parameters.len());
    headers.insert(PATH_INFO, value(pattern.wildcard_match(url.path())));
    headers.insert(FULL_URL, value(&url.to_string()));
    headers.insert(MATCHED_ROUTE, route.route.clone());
    headers.insert(BASE_PATH, HeaderValue::from_static("/"));
    headers.insert(RAW_COMPONENT_ROUTE, route.route.clone());
    headers.insert(COMPONENT_ROUTE, route.prefix.clone());
    headers.insert(CLIENT_ADDR, client.clone());
    for (name, text) in pattern.parameters(url.path()) {
        if let Some((_, header)) = route.parameters.iter().find(|(known, _)| known == name) {
            headers.insert(header, value(text));
        }
    }
    // The header concerns the client's connection to the host, which the guest doesn't see.
    headers.remove(header::CONNECTION);
}

/// Removes parameters that the client made up: only the route's own parameters would replace them.
fn remove_parameter_headers(headers: &mut HeaderMap) {
    let is_parameter = |name: &&HeaderName| name.as_str().starts_with(PARAMETER_PREFIX);
    while let Some(name) = headers.keys().find(is_parameter).cloned() {
        headers.remove(name);
    }
}

/// Returns the value of the header with the client's address.
pub fn client_address(address: SocketAddr) -> HeaderValue {
    value(&address.to_string())
}

/// Converts a part of a URL, or an address, which have only characters that a header allows.
fn value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
