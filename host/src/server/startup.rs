//! The start-up output, the same as that of `spin up`: lines, or JSON.

use std::fmt;
use std::net::SocketAddr;

use http::uri::Scheme;
use serde::{Deserialize, Serialize};

use crate::app::{App, Trigger};

/// Where the application is served. Its JSON form is the output of `spin up --format json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Startup {
    /// The URL of the application, such as `http://127.0.0.1:3000`.
    pub base_url: String,
    /// The routes in the manifest's order.
    pub routes: Vec<StartupRoute>,
}

/// A route as the start-up output shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartupRoute {
    /// The component's id.
    pub id: String,
    /// The route without its wildcard.
    pub route: String,
    /// Whether the route matches all paths below it.
    pub wildcard: bool,
    /// The component's description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Startup {
    /// Returns the start-up output of an application that is served at `address`.
    pub(super) fn of(app: &App, scheme: &Scheme, address: SocketAddr) -> Self {
        let route = |trigger: &Trigger| StartupRoute {
            id: trigger.component().unwrap_or(&trigger.id).to_owned(),
            route: trigger.route.path(),
            wildcard: trigger.route.is_wildcard(),
            description: trigger
                .component()
                .and_then(|id| app.components.get(id))
                .map(|component| component.description.clone())
                .filter(|description| !description.is_empty()),
        };
        Self { base_url: format!("{scheme}://{address}"), routes: app.triggers.iter().map(route).collect() }
    }
}

impl fmt::Display for Startup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nServing {}", self.base_url)?;
        writeln!(f, "Available Routes:")?;
        for StartupRoute { id, route, wildcard, description } in &self.routes {
            let path = if *wildcard && route == "/" { "" } else { route };
            let suffix = if *wildcard { " (wildcard)" } else { "" };
            writeln!(f, "  {id}: {}{path}{suffix}", self.base_url)?;
            if let Some(description) = description {
                writeln!(f, "    {description}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_the_same_as_spins() {
        let route = |id: &str, route: &str, wildcard, description: Option<&str>| StartupRoute {
            id: id.into(),
            route: route.into(),
            wildcard,
            description: description.map(str::to_owned),
        };
        let startup = Startup {
            base_url: "http://127.0.0.1:3911".into(),
            routes: vec![route("probe", "/", true, None), route("a", "/a", false, Some("Says a"))],
        };
        assert_eq!(
            startup.to_string(),
            "\nServing http://127.0.0.1:3911\nAvailable Routes:\n  probe: http://127.0.0.1:3911 (wildcard)\n  \
             a: http://127.0.0.1:3911/a\n    Says a\n"
        );
    }
}
