//! Finds the route of a path.

use crate::app::route::RoutePattern;

/// Routes with their targets, by precedence.
pub struct Router<T>(Vec<(RoutePattern, T)>);

impl<T> Router<T> {
    pub fn new(mut routes: Vec<(RoutePattern, T)>) -> Self {
        routes.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.precedence()));
        Self(routes)
    }

    /// Returns the route with the highest precedence among those that match `path`.
    pub fn find(&self, path: &str) -> Option<&(RoutePattern, T)> {
        self.0.iter().find(|(pattern, _)| pattern.matches(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&'static str]) -> Router<&'static str> {
        Router::new(routes.iter().map(|route| (RoutePattern::parse(route).unwrap(), *route)).collect())
    }

    #[test]
    fn exact_beats_parameter_beats_wildcard_and_the_longest_prefix_wins() {
        let router = router(&["/...", "/a/...", "/a/b/...", "/a/:x", "/a/b", "c/"]);
        for (path, route) in [
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b"),
            ("/a/z", "/a/:x"),
            ("/a", "/a/..."),
            ("/a/z/1", "/a/..."),
            ("/a/b/1", "/a/b/..."),
            ("/c", "c/"),
            ("/", "/..."),
            ("/d/e", "/..."),
        ] {
            assert_eq!(router.find(path).map(|(_, found)| *found), Some(route), "{path}");
        }
        assert!(self::router(&["/a", "/b/:x"]).find("/b/").is_none());
    }
}
