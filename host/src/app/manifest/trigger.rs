//! Reads `[[trigger.http]]`: routes and their targets.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use toml::{Spanned, Value};

use super::schema::{self, HttpTrigger, OtherTriggers, Table, TextOr};
use super::source::{Source, is_kebab};
use crate::app::application::{Component, RouteTarget, Trigger};
use crate::app::error::ManifestError;
use crate::app::route::RoutePattern;
use crate::app::route_headers::RouteHeaders;

/// Headers that the host sets itself.
const FRAMING: [HeaderName; 3] = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// Adds a warning for the triggers of each other kind beside HTTP, or an error if there is no HTTP trigger.
pub(super) fn check_kinds(source: &Source, triggers: &schema::Triggers) {
    for OtherTriggers { kind, .. } in &triggers.other {
        let message =
            format!("trigger.{} is not offered by the embedded host, which serves HTTP", kind.get_ref());
        match triggers.http.is_empty() {
            true => source.report(kind, &format!("{message}; run this app with `spin up`")),
            false => source.warn(kind, &format!("{message}; only the HTTP triggers are served")),
        }
    }
}

/// The ids of the components that triggers of other kinds name and no HTTP trigger. They have no HTTP interface.
pub(super) fn components_of_other_kinds(triggers: &schema::Triggers) -> BTreeSet<String> {
    let named = |trigger: &HttpTrigger| match trigger.component.as_ref().map(Spanned::get_ref) {
        Some(TextOr::Text(id)) => Some(id.clone()),
        _ => None,
    };
    let http: BTreeSet<String> = triggers.http.iter().filter_map(named).collect();
    let others = triggers.other.iter().flat_map(|other| other.components.iter().cloned());
    others.filter(|id| !http.contains(id)).collect()
}

/// Checks `application.trigger.http`, the settings for all HTTP triggers.
pub(super) fn check_settings(source: &Source, settings: &BTreeMap<String, Table<Value>>) {
    for (key, value) in settings.get("http").into_iter().flatten() {
        if key.get_ref() != "base" || value.get_ref().as_str() != Some("/") {
            let message = format!(
                "application.trigger.http.{} is not offered by the embedded host, except base = \"/\"; \
                 put the base into the routes, or run this app with `spin up`",
                key.get_ref()
            );
            source.report(key, &message);
        }
    }
}

/// Gives an id to every trigger and every component inside a trigger, by Spin's rules. Moves these components out of
/// their triggers, which then name them.
pub(super) fn extract_inline_components(
    triggers: &mut [HttpTrigger],
    components: &Table<schema::Component>,
) -> Vec<(String, Spanned<schema::Component>)> {
    assign_trigger_ids(triggers);
    let mut taken: BTreeSet<String> = components.keys().map(|id| id.get_ref().clone()).collect();
    let mut extracted = Vec::new();
    for trigger in triggers {
        let Some(component) = trigger.component.take() else { continue };
        let span = component.span();
        let id = match component.into_inner() {
            TextOr::Text(id) => id,
            TextOr::Table(component) => {
                let preferred = Some(format!("{}-component", trigger.id)).filter(|id| is_kebab(id));
                let id = free_id(&taken, preferred, "inline-component");
                taken.insert(id.clone());
                extracted.push((id.clone(), Spanned::new(span.clone(), *component)));
                id
            }
        };
        trigger.component = Some(Spanned::new(span, TextOr::Text(id)));
    }
    extracted
}

fn assign_trigger_ids(triggers: &mut [HttpTrigger]) {
    let mut taken: BTreeSet<String> = triggers.iter().map(|trigger| trigger.id.clone()).collect();
    for trigger in triggers.iter_mut().filter(|trigger| trigger.id.is_empty()) {
        let preferred = match trigger.component.as_ref().map(Spanned::get_ref) {
            Some(TextOr::Text(component)) => Some(format!("{component}-http-trigger")),
            _ => None,
        };
        trigger.id = free_id(&taken, preferred, "http-trigger");
        taken.insert(trigger.id.clone());
    }
}

/// Returns the preferred id if it is free, else the first free id of `stem` with a number.
fn free_id(taken: &BTreeSet<String>, preferred: Option<String>, stem: &str) -> String {
    let numbered = (1..=taken.len() + 1).map(|number| format!("{stem}{number}"));
    preferred.into_iter().chain(numbered).find(|id| !taken.contains(id)).unwrap_or_default()
}

/// Reads the routes, except private ones, which clients can't reach. Of equivalent routes, the last one replaces the
/// others, as in Spin.
pub(super) fn read(
    source: &Source,
    triggers: Vec<HttpTrigger>,
    components: &BTreeMap<String, Component>,
) -> Vec<Trigger> {
    let mut read: Vec<Trigger> = Vec::new();
    for trigger in triggers {
        source.reject_unsupported("trigger.http.components", &trigger.components);
        source.reject_unsupported("trigger.http.dependencies", &trigger.dependencies);
        let target = source.keep(target(source, &trigger, components));
        let route = source.keep(route(source, &trigger.route)).flatten();
        let Some((target, pattern)) = target.zip(route) else { continue };
        if let Some(index) = read.iter().position(|other| other.route.is_equivalent(&pattern)) {
            let replaced = read.remove(index);
            let replaced = replaced.component().unwrap_or(&replaced.id);
            source
                .warn(&trigger.route, &format!("this route replaces the same one of {replaced}, as in Spin"));
        }
        read.push(Trigger { id: trigger.id, route: pattern, target });
    }
    read
}

fn target(
    source: &Source,
    trigger: &HttpTrigger,
    components: &BTreeMap<String, Component>,
) -> Result<RouteTarget, ManifestError> {
    if let Some(executor) = &trigger.executor
        && (!matches!(executor.get_ref().kind.as_str(), "http" | "spin")
            || !executor.get_ref().other.is_empty())
    {
        let message = "trigger.http.executor: the embedded host offers only { type = \"http\" }; \
                       run this app with `spin up`";
        return Err(source.error_at(executor, message));
    }
    match (&trigger.component, &trigger.static_response) {
        (Some(component), None) => component_id(source, component, components).map(RouteTarget::Component),
        (None, Some(response)) => static_response(source, response).map(RouteTarget::Static),
        (None, None) => {
            let message = "this trigger needs a `component` (the id of one), or a `static_response`";
            Err(source.error_at(&trigger.route, message))
        }
        (Some(_), Some(response)) => {
            let message = "this trigger has a `component` already; only one of the two is allowed";
            Err(source.error_at(response, message))
        }
    }
}

fn component_id(
    source: &Source,
    component: &Spanned<TextOr<Box<schema::Component>>>,
    components: &BTreeMap<String, Component>,
) -> Result<String, ManifestError> {
    match component.get_ref() {
        TextOr::Text(id) if components.contains_key(id) => Ok(id.clone()),
        TextOr::Text(id) => {
            let known = components.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message = format!("no component is called {id:?}; this manifest has: {known}");
            Err(source.error_at(component, &message))
        }
        TextOr::Table(_) => Err(source.error_at(component, "a component's id is needed")),
    }
}

/// Returns `None` for a private route.
fn route(source: &Source, route: &Spanned<Value>) -> Result<Option<RoutePattern>, ManifestError> {
    match route.get_ref() {
        Value::String(text) => {
            let pattern = RoutePattern::parse(text).map_err(|reason| source.error_at(route, &reason))?;
            // Guests get their routes in request headers.
            RouteHeaders::new(&pattern).map_err(|reason| source.error_at(route, &reason))?;
            match pattern.is_reserved() {
                true => {
                    Err(source.error_at(route, "the host itself answers the paths below /.well-known/spin"))
                }
                false => Ok(Some(pattern)),
            }
        }
        Value::Table(table) if table.len() == 1 && table.get("private") == Some(&true.into()) => Ok(None),
        _ => {
            Err(source
                .error_at(route, "a route must be a string such as \"/hello/...\", or { private = true }"))
        }
    }
}

fn static_response(
    source: &Source,
    response: &Spanned<schema::StaticResponse>,
) -> Result<Response<String>, ManifestError> {
    let schema::StaticResponse { status_code, headers, body } = response.get_ref();
    let mut response = Response::new(body.clone());
    if let Some(code) = status_code {
        let status = u16::try_from(*code.get_ref()).ok().and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.filter(|status| !status.is_informational());
        *response.status_mut() =
            status.ok_or_else(|| source.error_at(code, "a status code from 200 to 999 is allowed"))?;
    }
    for (name, value) in headers {
        let header = HeaderName::try_from(name.get_ref().as_str())
            .map_err(|_| source.error_at(name, "this is not a valid header name"))?;
        if FRAMING.contains(&header) {
            return Err(source.error_at(name, &format!("the host sets {header} itself; remove it")));
        }
        let value = HeaderValue::try_from(value.get_ref().as_str())
            .map_err(|_| source.error_at(value, "this is not a valid header value"))?;
        response.headers_mut().append(header, value);
    }
    Ok(response)
}
