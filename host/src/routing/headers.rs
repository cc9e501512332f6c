//! The request headers that Spin adds.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::routes::Pattern;

const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
const RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

/// What a parameter's header is called, before its name.
const PATH_MATCH: &str = "spin-path-match-";

/// What is the same for all requests of one route.
pub struct RouteHeaders {
    route: HeaderValue,
    prefix: HeaderValue,
    parameters: Vec<(String, HeaderName)>,
}

impl RouteHeaders {
    /// For a route of the manifest.
    ///
    /// # Errors
    ///
    /// A sentence that says what of the route can't be sent in a header.
    pub fn new(pattern: &Pattern) -> Result<Self, String> {
        let value = |text: String| {
            HeaderValue::try_from(&text).map_err(|_| format!("the route {text:?} can't be sent in a header"))
        };
        let parameters = pattern.parameter_names().map(|name| {
            let header = format!("{PATH_MATCH}{}", name.to_ascii_lowercase());
            let header = HeaderName::try_from(header)
                .map_err(|_| format!("the parameter {name:?} can't be sent in a header"))?;
            Ok((name.to_owned(), header))
        });
        Ok(Self {
            route: value(pattern.full())?,
            prefix: value(pattern.prefix())?,
            parameters: parameters.collect::<Result<_, String>>()?,
        })
    }

    /// Adds them to a request for `url`; a client's own under these names are lost.
    pub fn add(&self, headers: &mut HeaderMap, pattern: &Pattern, url: &Uri, client: &HeaderValue) {
        remove_forged(headers);
        headers.reserve(8 + self.parameters.len());
        headers.insert(PATH_INFO, text(pattern.rest(url.path())));
        headers.insert(FULL_URL, text(&url.to_string()));
        headers.insert(MATCHED_ROUTE, self.route.clone());
        headers.insert(BASE_PATH, HeaderValue::from_static("/"));
        headers.insert(RAW_COMPONENT_ROUTE, self.route.clone());
        headers.insert(COMPONENT_ROUTE, self.prefix.clone());
        headers.insert(CLIENT_ADDR, client.clone());
        for (name, value) in pattern.parameters(url.path()) {
            if let Some((_, header)) = self.parameters.iter().find(|(known, _)| known == name) {
                headers.insert(header, text(value));
            }
        }
        // Says how this connection goes on, which is no concern of the guest's.
        headers.remove(header::CONNECTION);
    }
}

/// A route without parameters would leave a client's own as they are.
fn remove_forged(headers: &mut HeaderMap) {
    let is_match = |name: &&HeaderName| name.as_str().starts_with(PATH_MATCH);
    while let Some(name) = headers.keys().find(is_match).cloned() {
        headers.remove(name);
    }
}

/// The header that names a client, for all of its requests.
pub fn client(address: SocketAddr) -> HeaderValue {
    text(&address.to_string())
}

/// A part of a URL, or an address: these hold nothing that a header can't.
fn text(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
