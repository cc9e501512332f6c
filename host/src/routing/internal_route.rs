//! The route that a component sees when a guest calls it by its id.

use crate::app::route::RoutePattern;
use crate::app::route_headers::RouteHeaders;

/// Spin's route for such requests: all paths.
pub struct InternalRoute {
    pub pattern: RoutePattern,
    pub headers: RouteHeaders,
}

impl InternalRoute {
    /// Returns the route.
    ///
    /// # Errors
    ///
    /// None in practice: the route is a constant.
    pub fn new() -> Result<Self, String> {
        let pattern = RoutePattern::parse("/...")?;
        Ok(Self { headers: RouteHeaders::new(&pattern)?, pattern })
    }
}
