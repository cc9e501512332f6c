//! Matches any paths with any routes: the first line is the route, each further line a path.

use std::fs;

/// A route reads its own text, unless it ends with an empty segment; and leading and trailing slashes make no difference.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let route = lines.next().unwrap_or_default();
    let Some(pattern) = pattern(route) else { return };
    // Of several slashes at the end, each route loses one.
    if !pattern.is_wildcard() && pattern.full().len() > 1 && pattern.full().ends_with('/') {
        return;
    }
    let again = self::pattern(&pattern.full()).expect("a route's own text is a route");
    assert!(pattern.is_equivalent(&again), "{route:?}");
    for path in lines.take(20) {
        let matches = pattern.matches(path);
        assert_eq!(matches, again.matches(path), "{route:?} {path:?}");
        if !path.starts_with('/') {
            assert_eq!(matches, pattern.matches(&format!("/{path}")), "{route:?} {path:?}");
        }
        if !path.ends_with('/') && !path.is_empty() {
            assert_eq!(matches, pattern.matches(&format!("{path}/")), "{route:?} {path:?}");
        }
        // Below a path that a wildcard matches, it matches everything.
        if matches && pattern.is_wildcard() && !path.ends_with('/') {
            assert!(pattern.matches(&format!("{path}/x")), "{route:?} {path:?}");
        }
    }
}

/// Reads a route in a manifest, as users write it; `None` if it is refused.
fn pattern(route: &str) -> Option<host::RoutePattern> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("spin.toml");
    let route = toml::Value::String(route.to_owned());
    let manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"fuzz\"\n[[trigger.http]]\nroute = {route}\ncomponent = \"a\"\n\
         [component.a]\nsource = \"a.wasm\"\n"
    );
    fs::write(&path, manifest).expect("a file in it");
    let app = host::manifest::load(&path, None).ok()?;
    app.triggers.into_iter().next().map(|trigger| trigger.route)
}
