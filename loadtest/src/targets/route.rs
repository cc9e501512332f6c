//! The route of an application that a path reaches.

use host::{App, Trigger};

/// The trigger whose route a request for `path` reaches, if any: the most specific one. `path` may have a query.
pub fn trigger_at<'a>(app: &'a App, path: &str) -> Option<&'a Trigger> {
    let path = path.split('?').next().unwrap_or_default();
    let matching = app.triggers.iter().filter(|trigger| trigger.route.matches(path));
    matching.max_by_key(|trigger| trigger.route.precedence())
}
