//! What the guest knows: of the request, of its environment, of itself. All of it JSON.

use std::collections::BTreeMap;

use endpoint::instance::{self, Guest};
use http::request::Parts;
use serde_json::json;

use crate::answer::{self, Answer};

/// Each header's values in a list, and in lists of one as well what the request's line said, where
/// it said it: `:method`, `:path` (with the query), `:scheme`, `:authority`.
pub fn headers(request: &Parts) -> Answer {
    let line = [
        (":method", Some(request.method.as_str())),
        (":path", request.uri.path_and_query().map(|path| path.as_str())),
        (":scheme", request.uri.scheme_str()),
        (":authority", request.uri.authority().map(|authority| authority.as_str())),
    ];
    let mut seen = BTreeMap::<&str, Vec<String>>::new();
    for (name, value) in line {
        if let Some(value) = value {
            seen.insert(name, vec![value.to_owned()]);
        }
    }
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        seen.entry(name.as_str()).or_default().push(value);
    }
    answer::json(&json!(seen))
}

/// The environment's variables.
pub fn environment() -> Answer {
    answer::json(&json!(std::env::vars().collect::<BTreeMap<_, _>>()))
}

/// Which instance this is, which request of its life this is, and how many it holds now.
pub fn instance(guest: &Guest) -> Answer {
    answer::json(&json!({
        "instance": instance::id(),
        "served": guest.served,
        "in_flight": instance::in_flight(),
    }))
}
