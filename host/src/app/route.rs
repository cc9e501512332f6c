//! Routes of a manifest.
//!
//! A route matches one path (`/a/b`), any text for one segment (`/a/:name`), or every path below a prefix
//! (`/a/...`).

use std::fmt;

/// A route of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePattern {
    segments: Vec<Segment>,
    wildcard: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl RoutePattern {
    /// Parses a route. Adds a missing leading `/`, and drops one trailing `/`.
    ///
    /// # Errors
    ///
    /// If a parameter has no name, two have the same name, or a wildcard stands where none is allowed.
    pub fn parse(route: &str) -> Result<Self, String> {
        let path = route.strip_prefix('/').unwrap_or(route);
        let wildcard = path == "..." || path.ends_with("/...");
        let path = if wildcard { path.strip_suffix("...").unwrap_or(path) } else { path };
        let path = path.strip_suffix('/').unwrap_or(path);
        // Also `/a.../`: without its last slash, it would be another route.
        if path.ends_with("...") {
            return Err(format!(
                "route {route:?}: `...` must be a segment of its own, at the end, as in \"/files/...\""
            ));
        }
        let segments = if path.is_empty() {
            Vec::new()
        } else {
            path.split('/').map(|segment| Segment::parse(route, segment)).collect::<Result<Vec<_>, _>>()?
        };
        let pattern = Self { segments, wildcard };
        let names = Vec::from_iter(pattern.parameter_names());
        match names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
            Some((_, name)) => Err(format!("route {route:?}: two parameters are called {name:?}")),
            None => Ok(pattern),
        }
    }

    /// Whether the route ends in `/...`.
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// The route without its wildcard, as Spin prints it: `/` if nothing is left.
    pub fn path(&self) -> String {
        if self.segments.is_empty() {
            return "/".to_owned();
        }
        self.prefix()
    }

    /// The route without its wildcard; empty if nothing is left.
    pub fn prefix(&self) -> String {
        self.segments.iter().map(|segment| format!("/{segment}")).collect()
    }

    /// The route with its wildcard, in Spin's form.
    pub fn full(&self) -> String {
        match self.wildcard {
            true => self.prefix() + "/...",
            false => self.path(),
        }
    }

    /// Whether `other` matches the same paths. The names of parameters make no difference.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        let is_equivalent = |(a, b): (&Segment, &Segment)| match (a, b) {
            (Segment::Literal(a), Segment::Literal(b)) => a == b,
            (Segment::Parameter(_), Segment::Parameter(_)) => true,
            _ => false,
        };
        self.wildcard == other.wildcard
            && self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(is_equivalent)
    }

    /// Whether the route only matches paths below `/.well-known/spin`, which the host answers itself.
    pub fn is_reserved(&self) -> bool {
        let has_literal =
            |index: usize, text: &str| self.segments.get(index) == Some(&Segment::Literal(text.to_owned()));
        has_literal(0, ".well-known") && has_literal(1, "spin") && (self.wildcard || self.segments.len() > 2)
    }

    /// Whether the route matches `path`.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut given = path.split('/').filter(|_| !path.is_empty());
        self.segments.iter().all(|segment| given.next().is_some_and(|text| segment.matches(text)))
            && (self.wildcard || given.next().is_none())
    }

    /// The names of the route's parameters.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The parameters' names and values for a path that the route matches.
    pub fn parameters<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let given = path.trim_start_matches('/').split('/');
        self.segments.iter().zip(given).filter_map(|(segment, text)| match segment {
            Segment::Parameter(name) => Some((name.as_str(), text)),
            Segment::Literal(_) => None,
        })
    }

    /// The part of a matching path that the wildcard stands for; empty if the route has no wildcard.
    pub fn wildcard_match<'a>(&self, path: &'a str) -> &'a str {
        if !self.wildcard {
            return "";
        }
        let mut rest = path;
        for _ in &self.segments {
            rest = rest.strip_prefix('/').unwrap_or(rest);
            rest = rest.find('/').map_or("", |end| &rest[end..]);
        }
        rest
    }

    /// If two routes match a path, the greater one answers: an exact route before a wildcard, a literal segment before
    /// a parameter, a longer prefix before a shorter one.
    pub fn precedence(&self) -> impl Ord + use<> {
        let literals: Vec<bool> =
            self.segments.iter().map(|segment| matches!(segment, Segment::Literal(_))).collect();
        (!self.wildcard, literals)
    }
}

impl Segment {
    fn parse(route: &str, segment: &str) -> Result<Self, String> {
        match segment.strip_prefix(':') {
            Some("") => Err(format!("route {route:?}: a parameter needs a name, as in \"/user/:id\"")),
            Some(name) => Ok(Self::Parameter(name.to_owned())),
            None if segment == "*" => {
                Err(format!("route {route:?}: the wildcard is `...`, not `*`, as in \"/files/...\""))
            }
            None if segment == "..." => Err(format!("route {route:?}: `...` is only allowed at the end")),
            None => Ok(Self::Literal(segment.to_owned())),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == text,
            Self::Parameter(_) => !text.is_empty(),
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Parameter(name) => write!(f, ":{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_error_says_why_a_route_is_invalid() {
        for (route, reason) in [
            ("/a/.../b", "at the end"),
            ("/a...", "segment of its own"),
            ("/a.../", "segment of its own"),
            ("/a/:", "needs a name"),
        ] {
            let error = RoutePattern::parse(route).unwrap_err();
            assert!(error.contains(reason) && error.contains(route), "{error}");
        }
    }

    #[test]
    fn the_path_of_a_route_has_no_wildcard() {
        for (route, path, wildcard) in
            [("/...", "/", true), ("/a/...", "/a", true), ("a/:b/", "/a/:b", false), ("/", "/", false)]
        {
            let pattern = RoutePattern::parse(route).unwrap();
            assert_eq!((pattern.path().as_str(), pattern.is_wildcard()), (path, wildcard), "{route}");
        }
    }

    #[test]
    fn parameters_and_the_wildcard_have_the_matched_text() {
        for (route, path, parameters, rest) in [
            ("/...", "/", vec![], "/"),
            ("/...", "/a/b/", vec![], "/a/b/"),
            ("/a/...", "/a", vec![], ""),
            ("/a/...", "/a/", vec![], "/"),
            ("/a/...", "/a/b/c", vec![], "/b/c"),
            ("/a", "/a/", vec![], ""),
            ("/:x/b/:y/...", "/1/b/2/c", vec![("x", "1"), ("y", "2")], "/c"),
        ] {
            let pattern = RoutePattern::parse(route).unwrap();
            assert!(pattern.matches(path), "{route} {path}");
            assert_eq!(pattern.parameters(path).collect::<Vec<_>>(), parameters, "{route} {path}");
            assert_eq!(pattern.wildcard_match(path), rest, "{route} {path}");
        }
    }

    proptest! {
        #[test]
        fn no_route_and_no_path_panics(route in ".*", path in ".*") {
            if let Ok(pattern) = RoutePattern::parse(&route) {
                pattern.matches(&path);
                pattern.parameters(&path).count();
                pattern.wildcard_match(&path);
            }
        }

        #[test]
        fn a_literal_route_matches_itself_and_no_longer_path(path in "(/[a-z]{1,4}){1,4}") {
            let pattern = RoutePattern::parse(&path).unwrap();
            let longer = format!("{path}/x");
            prop_assert!(pattern.matches(&path) && !pattern.matches(&longer));
        }
    }
}
