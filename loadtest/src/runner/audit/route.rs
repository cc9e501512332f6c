//! The routes of an application, with the request that is sent to each.

use host::wasm::Wasi;
use host::{App, Trigger};
use http::{HeaderName, HeaderValue, Method};

use crate::exit::Failure;
use crate::plan::{PlannedBurst, PlannedRequest, Setup};
use crate::targets::trigger_at;

/// What the user gives for requests.
#[derive(Debug, Default)]
pub struct Given {
    /// Paths by route.
    pub paths: Vec<(String, String)>,
    /// Methods by route.
    pub methods: Vec<(String, Method)>,
    /// Headers, for one route or for all.
    pub headers: Vec<(Option<String>, HeaderName, HeaderValue)>,
    /// Bodies, for one route or for all.
    pub bodies: Vec<(Option<String>, String)>,
    /// A plan, whose bursts have requests.
    pub plan: Vec<Setup>,
}

/// A route to audit.
#[derive(Debug)]
pub struct Route {
    /// The route, as the manifest has it.
    pub route: String,
    /// The component's id; `None` for a fixed response.
    pub component: Option<String>,
    /// The component's WASI version; `None` for a fixed response.
    pub wasi: Option<Wasi>,
    /// The burst that is fired; its size is set later. `None` if no request is known.
    pub burst: Option<PlannedBurst>,
}

impl Given {
    /// The routes of `app`, each with its request.
    ///
    /// # Errors
    ///
    /// If a given route or path is none of the application's, or a component's file can't be read.
    pub fn routes(&self, app: &App) -> Result<Vec<Route>, Failure> {
        self.check(app).map_err(|error| Failure::new(crate::exit::Exit::Usage, error))?;
        app.triggers.iter().map(|trigger| self.route(app, trigger)).collect()
    }

    fn route(&self, app: &App, trigger: &Trigger) -> Result<Route, Failure> {
        let component = trigger.component().and_then(|id| app.components.get_key_value(id));
        let wasi = match component {
            Some((id, component)) => Some(app.wasm(id, component).map_err(host::Error::from)?.wasi),
            None => None,
        };
        let route = trigger.route.full();
        let burst = component.and_then(|_| self.burst(app, trigger, &route));
        Ok(Route { route, component: component.map(|(id, _)| id.clone()), wasi, burst })
    }

    /// The burst at a route; `None` if the route needs a path that isn't given.
    fn burst(&self, app: &App, trigger: &Trigger, route: &str) -> Option<PlannedBurst> {
        let planned = self.planned(app, trigger);
        let given = self.paths.iter().rev().find(|(of, _)| of == route).map(|(_, path)| path.clone());
        let needs_path = trigger.route.is_wildcard() || trigger.route.parameter_names().next().is_some();
        let own = (!needs_path).then(|| route.to_owned());
        let path = given.or(planned.map(path_of)).or(own)?;
        let mut request = planned.map_or_else(PlannedRequest::default, |burst| burst.request.clone());
        let is_of = |of: &Option<String>| of.as_ref().is_none_or(|of| of == route);
        if let Some((_, method)) = self.methods.iter().rev().find(|(of, _)| of == route) {
            request.method = method.clone();
        }
        for (_, name, value) in self.headers.iter().filter(|(of, ..)| is_of(of)) {
            // The plan's header of this name is replaced.
            request.headers.insert(name, value.clone());
        }
        if let Some((_, body)) = self.bodies.iter().rev().find(|(of, _)| is_of(of)) {
            request.body.clone_from(body);
        }
        Some(PlannedBurst::together(&path, 1).sending(request))
    }

    /// The first burst of the plan that reaches the route.
    fn planned(&self, app: &App, trigger: &Trigger) -> Option<&PlannedBurst> {
        let mut bursts = self.plan.iter().flat_map(|setup| &setup.bursts).filter(|burst| burst.url.is_none());
        bursts.find(|burst| trigger_at(app, &burst.path).is_some_and(|found| found.id == trigger.id))
    }

    /// Checks the routes and the paths that are given.
    fn check(&self, app: &App) -> Result<(), String> {
        let routes: Vec<String> = app.triggers.iter().map(|trigger| trigger.route.full()).collect();
        let given = self.paths.iter().map(|(route, _)| route);
        let given = given.chain(self.methods.iter().map(|(route, _)| route));
        let given = given.chain(self.headers.iter().filter_map(|(route, ..)| route.as_ref()));
        for route in given.chain(self.bodies.iter().filter_map(|(route, _)| route.as_ref())) {
            if !routes.contains(route) {
                return Err(format!("no route is {route:?}; the routes are {}", routes.join(", ")));
            }
        }
        for (route, path) in &self.paths {
            let reached = trigger_at(app, path).map(|trigger| trigger.route.full());
            if reached.as_ref() != Some(route) {
                let reached = reached.map_or("no route".to_owned(), |reached| format!("the route {reached}"));
                return Err(format!("--path '{route}={path}': this path reaches {reached}"));
            }
        }
        Ok(())
    }
}

/// The path of a plan's burst, with its wait as the query. A path with a wait has no other query.
fn path_of(burst: &PlannedBurst) -> String {
    match burst.wait_ms {
        Some(ms) => format!("{}?wait_ms={ms}", burst.path),
        None => burst.path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_of_a_plan_is_the_query() {
        let mut burst = PlannedBurst::together("/a", 1);
        assert_eq!(path_of(&burst), "/a");
        burst.wait_ms = Some(50);
        assert_eq!(path_of(&burst), "/a?wait_ms=50");
    }
}
