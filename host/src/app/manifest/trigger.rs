//! `[[trigger.http]]`: routes, and what answers them.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use toml::{Spanned, Value};

use super::error::{Error, Source, is_kebab};
use super::schema::{self, HttpTrigger, TextOr};
use super::{Answer, Component, Trigger};
use crate::headers::RouteHeaders;
use crate::routes::Pattern;

/// What the host works out itself.
const FRAMING: [HeaderName; 3] = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

type Keys<T> = BTreeMap<Spanned<String>, Spanned<T>>;

/// HTTP is the only trigger here.
pub fn check_kinds(source: &Source, triggers: &schema::Triggers) -> Result<(), Error> {
    match &triggers.other {
        Some(kind) => {
            let message = format!(
                "trigger.{} is not offered by the embedded host, which serves HTTP; run this app with `spin up`",
                kind.get_ref()
            );
            Err(source.at(kind, &message))
        }
        None => Ok(()),
    }
}

/// `application.trigger`: settings for all triggers of a kind. Only those for HTTP matter here.
pub fn check_settings(source: &Source, settings: &BTreeMap<String, Keys<Value>>) -> Result<(), Error> {
    for (key, value) in settings.get("http").into_iter().flatten() {
        if key.get_ref() != "base" || value.get_ref().as_str() != Some("/") {
            let message = format!(
                "application.trigger.http.{} is not offered by the embedded host, except base = \"/\"; \
                 put the base into the routes, or run this app with `spin up`",
                key.get_ref()
            );
            return Err(source.at(key, &message));
        }
    }
    Ok(())
}

/// Gives every trigger an id, and every component that stands in one, each as Spin would. The
/// components are taken out of their triggers, which then name them.
pub fn lift_inline_components(
    triggers: &mut [HttpTrigger],
    components: &Keys<schema::Component>,
) -> Vec<(String, Spanned<schema::Component>)> {
    name_triggers(triggers);
    let mut taken: BTreeSet<String> = components.keys().map(|id| id.get_ref().clone()).collect();
    let mut lifted = Vec::new();
    for trigger in triggers {
        let Some(answer) = trigger.component.take() else { continue };
        let span = answer.span();
        let id = match answer.into_inner() {
            TextOr::Text(id) => id,
            TextOr::Table(component) => {
                let natural = Some(format!("{}-component", trigger.id)).filter(|id| is_kebab(id));
                let id = free_id(&taken, natural, "inline-component");
                taken.insert(id.clone());
                lifted.push((id.clone(), Spanned::new(span.clone(), *component)));
                id
            }
        };
        trigger.component = Some(Spanned::new(span, TextOr::Text(id)));
    }
    lifted
}

fn name_triggers(triggers: &mut [HttpTrigger]) {
    let mut taken: BTreeSet<String> = triggers.iter().map(|trigger| trigger.id.clone()).collect();
    for trigger in triggers.iter_mut().filter(|trigger| trigger.id.is_empty()) {
        let natural = match trigger.component.as_ref().map(Spanned::get_ref) {
            Some(TextOr::Text(component)) => Some(format!("{component}-http-trigger")),
            _ => None,
        };
        trigger.id = free_id(&taken, natural, "http-trigger");
        taken.insert(trigger.id.clone());
    }
}

/// The natural id where it is free, or else the first that is, with a number after `stem`.
fn free_id(taken: &BTreeSet<String>, natural: Option<String>, stem: &str) -> String {
    let numbered = (1..=taken.len() + 1).map(|number| format!("{stem}{number}"));
    natural.into_iter().chain(numbered).find(|id| !taken.contains(id)).unwrap_or_default()
}

/// Reads the routes that can be reached from outside.
pub fn read(
    source: &Source,
    triggers: Vec<HttpTrigger>,
    components: &BTreeMap<String, Component>,
) -> Result<Vec<Trigger>, Error> {
    let mut read: Vec<Trigger> = Vec::new();
    for trigger in triggers {
        source.refuse("trigger.http.components", &trigger.components)?;
        source.refuse("trigger.http.dependencies", &trigger.dependencies)?;
        let answer = answer(source, &trigger, components)?;
        let Some(route) = route(source, &trigger.route)? else { continue };
        if let Some(first) = read.iter().find(|other| other.route.takes_the_same(&route)) {
            let message =
                format!("this route is taken already, by {}", first.component().unwrap_or(&first.id));
            return Err(source.at(&trigger.route, &message));
        }
        read.push(Trigger { id: trigger.id, route, answer });
    }
    Ok(read)
}

fn answer(
    source: &Source,
    trigger: &HttpTrigger,
    components: &BTreeMap<String, Component>,
) -> Result<Answer, Error> {
    if let Some(executor) = &trigger.executor
        && (!matches!(executor.get_ref().kind.as_str(), "http" | "spin")
            || !executor.get_ref().other.is_empty())
    {
        let message = "trigger.http.executor: only { type = \"http\" } is offered by the embedded host; \
                       run this app with `spin up`";
        return Err(source.at(executor, message));
    }
    match (&trigger.component, &trigger.static_response) {
        (Some(component), None) => named(source, component, components).map(Answer::Component),
        (None, Some(response)) => static_response(source, response).map(Answer::Static),
        (None, None) => {
            let message =
                "this trigger names no `component`: the id of one is needed, or a `static_response`";
            Err(source.at(&trigger.route, message))
        }
        (Some(_), Some(response)) => {
            Err(source.at(response, "this trigger has a `component` already: only one of them can answer"))
        }
    }
}

fn named(
    source: &Source,
    component: &Spanned<TextOr<Box<schema::Component>>>,
    components: &BTreeMap<String, Component>,
) -> Result<String, Error> {
    match component.get_ref() {
        TextOr::Text(id) if components.contains_key(id) => Ok(id.clone()),
        TextOr::Text(id) => {
            let known = components.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message = format!("no component is called {id:?}; this manifest has: {known}");
            Err(source.at(component, &message))
        }
        TextOr::Table(_) => Err(source.at(component, "a component's id is needed")),
    }
}

/// `None` for a private route, which nobody outside can reach.
fn route(source: &Source, route: &Spanned<Value>) -> Result<Option<Pattern>, Error> {
    match route.get_ref() {
        Value::String(text) => {
            let pattern = Pattern::parse(text).map_err(|reason| source.at(route, &reason))?;
            // Guests are told of their routes in headers.
            RouteHeaders::new(&pattern).map_err(|reason| source.at(route, &reason))?;
            match pattern.is_reserved() {
                true => Err(source.at(route, "the paths below /.well-known/spin are the host's own")),
                false => Ok(Some(pattern)),
            }
        }
        Value::Table(table) if table.len() == 1 && table.get("private") == Some(&true.into()) => Ok(None),
        _ => Err(source.at(route, "a route is a string such as \"/hello/...\", or { private = true }")),
    }
}

fn static_response(
    source: &Source,
    response: &Spanned<schema::StaticResponse>,
) -> Result<Response<String>, Error> {
    let schema::StaticResponse { status_code, headers, body } = response.get_ref();
    let mut response = Response::new(body.clone());
    if let Some(code) = status_code {
        let status = u16::try_from(*code.get_ref()).ok().and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.filter(|status| !status.is_informational());
        *response.status_mut() =
            status.ok_or_else(|| source.at(code, "a status code from 200 to 999 is allowed"))?;
    }
    for (name, value) in headers {
        let header = HeaderName::try_from(name.get_ref().as_str())
            .map_err(|_| source.at(name, "this can't be a header's name"))?;
        if FRAMING.contains(&header) {
            return Err(source.at(name, &format!("{header} is worked out by the host: leave it out")));
        }
        let value = HeaderValue::try_from(value.get_ref().as_str())
            .map_err(|_| source.at(value, "this can't be a header's value"))?;
        response.headers_mut().append(header, value);
    }
    Ok(response)
}
