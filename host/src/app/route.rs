//! Which component answers a path.
//!
//! A route is exact (`/a/b`), takes one segment (`/a/:name`), or all that follows (`/a/...`).
//! Exact beats a parameter, a parameter beats the wildcard, and the longest prefix wins.

use std::fmt;

/// A route of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
    wildcard: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl Pattern {
    /// Reads a route. A missing leading `/` is added, one trailing `/` dropped.
    ///
    /// # Errors
    ///
    /// A line that says what is wrong, where a parameter has no name or `...` is not last.
    pub fn parse(route: &str) -> Result<Self, String> {
        let path = route.strip_prefix('/').unwrap_or(route);
        let (path, wildcard) = match path.strip_suffix("...") {
            Some("") => ("", true),
            Some(path) => match path.strip_suffix('/') {
                Some(path) => (path, true),
                None => {
                    return Err(format!(
                        "route {route:?}: `...` is a segment of its own, as in \"/files/...\""
                    ));
                }
            },
            None => (path.strip_suffix('/').unwrap_or(path), false),
        };
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

    /// Whether it ends in `/...`.
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// The route without its wildcard, as Spin prints it: `/` where nothing is left.
    pub fn path(&self) -> String {
        if self.segments.is_empty() {
            return "/".to_owned();
        }
        self.prefix()
    }

    /// The route without its wildcard; empty where nothing is left.
    pub fn prefix(&self) -> String {
        self.segments.iter().map(|segment| format!("/{segment}")).collect()
    }

    /// The route as Spin knows it, with its wildcard.
    pub fn full(&self) -> String {
        match self.wildcard {
            true => self.prefix() + "/...",
            false => self.path(),
        }
    }

    /// Whether `other` takes the same paths: a parameter's name makes no difference.
    pub fn takes_the_same(&self, other: &Self) -> bool {
        let alike = |(a, b): (&Segment, &Segment)| match (a, b) {
            (Segment::Literal(a), Segment::Literal(b)) => a == b,
            (Segment::Parameter(_), Segment::Parameter(_)) => true,
            _ => false,
        };
        self.wildcard == other.wildcard
            && self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(alike)
    }

    /// Whether all its paths are below `/.well-known/spin`, which the host answers itself.
    pub fn is_reserved(&self) -> bool {
        let literal =
            |index: usize, text: &str| self.segments.get(index) == Some(&Segment::Literal(text.to_owned()));
        literal(0, ".well-known") && literal(1, "spin") && (self.wildcard || self.segments.len() > 2)
    }

    fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut given = path.split('/').filter(|_| !path.is_empty());
        self.segments.iter().all(|segment| given.next().is_some_and(|found| segment.matches(found)))
            && (self.wildcard || given.next().is_none())
    }

    /// The names of its parameters.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// What the parameters stand for in a path that it takes.
    pub fn parameters<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let given = path.trim_start_matches('/').split('/');
        self.segments.iter().zip(given).filter_map(|(segment, found)| match segment {
            Segment::Parameter(name) => Some((name.as_str(), found)),
            Segment::Literal(_) => None,
        })
    }

    /// What the wildcard stands for in a path that it takes; empty where there is none.
    pub fn rest<'a>(&self, path: &'a str) -> &'a str {
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

    /// How much a route says of the paths it takes: of two that match, the greater answers.
    fn precedence(&self) -> (bool, Vec<bool>) {
        let literals = self.segments.iter().map(|segment| matches!(segment, Segment::Literal(_))).collect();
        (!self.wildcard, literals)
    }
}

impl Segment {
    fn parse(route: &str, segment: &str) -> Result<Self, String> {
        match segment.strip_prefix(':') {
            Some("") => Err(format!("route {route:?}: a parameter needs a name, as in \"/user/:id\"")),
            Some(name) => Ok(Self::Parameter(name.to_owned())),
            None if segment == "*" => {
                Err(format!("route {route:?}: `*` is no wildcard here; `...` is, as in \"/files/...\""))
            }
            None if segment == "..." => Err(format!("route {route:?}: `...` can only stand at the end")),
            None => Ok(Self::Literal(segment.to_owned())),
        }
    }

    fn matches(&self, found: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == found,
            Self::Parameter(_) => !found.is_empty(),
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

/// Routes with what answers them, the most telling route first.
pub struct Router<T>(Vec<(Pattern, T)>);

impl<T> Router<T> {
    pub fn new(mut routes: Vec<(Pattern, T)>) -> Self {
        routes.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.precedence()));
        Self(routes)
    }

    pub fn find(&self, path: &str) -> Option<&(Pattern, T)> {
        self.0.iter().find(|(pattern, _)| pattern.matches(path))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn router(routes: &[&'static str]) -> Router<&'static str> {
        Router::new(routes.iter().map(|route| (Pattern::parse(route).unwrap(), *route)).collect())
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

    #[test]
    fn a_bad_route_says_what_is_wrong() {
        for (route, reason) in
            [("/a/.../b", "at the end"), ("/a...", "segment of its own"), ("/a/:", "needs a name")]
        {
            let error = Pattern::parse(route).unwrap_err();
            assert!(error.contains(reason) && error.contains(route), "{error}");
        }
    }

    #[test]
    fn a_routes_path_is_what_stands_before_its_wildcard() {
        for (route, path, wildcard) in
            [("/...", "/", true), ("/a/...", "/a", true), ("a/:b/", "/a/:b", false), ("/", "/", false)]
        {
            let pattern = Pattern::parse(route).unwrap();
            assert_eq!((pattern.path().as_str(), pattern.is_wildcard()), (path, wildcard), "{route}");
        }
    }

    #[test]
    fn what_parameters_and_the_wildcard_stand_for_is_known() {
        for (route, path, parameters, rest) in [
            ("/...", "/", vec![], "/"),
            ("/...", "/a/b/", vec![], "/a/b/"),
            ("/a/...", "/a", vec![], ""),
            ("/a/...", "/a/", vec![], "/"),
            ("/a/...", "/a/b/c", vec![], "/b/c"),
            ("/a", "/a/", vec![], ""),
            ("/:x/b/:y/...", "/1/b/2/c", vec![("x", "1"), ("y", "2")], "/c"),
        ] {
            let pattern = Pattern::parse(route).unwrap();
            assert!(pattern.matches(path), "{route} {path}");
            assert_eq!(pattern.parameters(path).collect::<Vec<_>>(), parameters, "{route} {path}");
            assert_eq!(pattern.rest(path), rest, "{route} {path}");
        }
    }

    proptest! {
        #[test]
        fn no_route_and_no_path_panics(route in ".*", path in ".*") {
            if let Ok(pattern) = Pattern::parse(&route) {
                pattern.matches(&path);
                pattern.parameters(&path).count();
                pattern.rest(&path);
            }
        }

        #[test]
        fn a_route_of_plain_segments_takes_itself_and_nothing_longer(path in "(/[a-z]{1,4}){1,4}") {
            let pattern = Pattern::parse(&path).unwrap();
            let longer = format!("{path}/x");
            prop_assert!(pattern.matches(&path) && !pattern.matches(&longer));
        }
    }
}
