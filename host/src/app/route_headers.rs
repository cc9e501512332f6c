//! The parts of a route that its guest gets in request headers.

use http::{HeaderName, HeaderValue};

use super::route::RoutePattern;

/// The prefix of the names of the headers that carry route parameters.
pub const PARAMETER_PREFIX: &str = "spin-path-match-";

/// The header values that are the same for all requests of one route.
pub struct RouteHeaders {
    /// The route with its wildcard.
    pub route: HeaderValue,
    /// The route without its wildcard.
    pub prefix: HeaderValue,
    /// The parameters' names with the names of their headers.
    pub parameters: Vec<(String, HeaderName)>,
}

impl RouteHeaders {
    /// Returns the headers of a route.
    ///
    /// # Errors
    ///
    /// If a part of the route can't be sent in a header.
    pub fn new(pattern: &RoutePattern) -> Result<Self, String> {
        let value = |text: String| {
            HeaderValue::try_from(&text).map_err(|_| format!("the route {text:?} can't be sent in a header"))
        };
        let parameters = pattern.parameter_names().map(|name| {
            let header = format!("{PARAMETER_PREFIX}{}", name.to_ascii_lowercase());
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
}
