//! Reports what the guest can observe, as JSON: the request, its environment, its instance.

use std::collections::BTreeMap;

use endpoint::instance::{self, InFlightGuard};
use http::request::Parts;
use serde_json::json;

use crate::response::{self, Response};

/// Each header with a list of its values, and the parts of the request line likewise, if present:
/// `:method`, `:path` (with the query), `:scheme`, `:authority`.
pub fn headers(request: &Parts) -> Response {
    let line = [
        (":method", Some(request.method.as_str())),
        (":path", request.uri.path_and_query().map(|path| path.as_str())),
        (":scheme", request.uri.scheme_str()),
        (":authority", request.uri.authority().map(|authority| authority.as_str())),
    ];
    let mut values = BTreeMap::<&str, Vec<String>>::new();
    for (name, value) in line {
        if let Some(value) = value {
            values.insert(name, vec![value.to_owned()]);
        }
    }
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        values.entry(name.as_str()).or_default().push(value);
    }
    response::json(&json!(values))
}

/// The environment variables.
pub fn environment() -> Response {
    response::json(&json!(std::env::vars().collect::<BTreeMap<_, _>>()))
}

/// The instance's id and its request counters.
pub fn instance(guard: &InFlightGuard) -> Response {
    response::json(&json!({
        "instance": instance::id(),
        "served": guard.served,
        "in_flight": instance::in_flight(),
    }))
}
