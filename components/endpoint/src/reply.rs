//! The reply: evidence of which instance served the request, and when. Every system under test sends the same fields.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::instance::{self, InFlightGuard};
use crate::wait::Error;

/// The evidence about one served request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The endpoint's name: the component's id, such as `e1-p1`.
    pub endpoint: String,
    /// The handler's style, such as `async-awaiting`.
    pub style: String,
    /// The requested wait, in milliseconds.
    pub wait_ms: u64,
    /// The id of the instance that served: 16 hexadecimal digits, drawn once per instance.
    pub instance: String,
    /// The number of requests that this instance has taken, this one included.
    pub served: u32,
    /// The number of requests in this instance's handler now, this one included.
    pub in_flight: u32,
    /// When the request entered the handler, in nanoseconds since 1970.
    pub entered_unix_ns: u64,
    /// When the request left the handler, in nanoseconds since 1970.
    pub left_unix_ns: u64,
    /// The host's name, from `HOST_NAME` in the environment; `None` if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// A 200 response with the evidence. Dropping `guard` ends the request's time in the handler.
pub fn ok(style: &str, path: &str, wait: Duration, guard: InFlightGuard) -> Response<String> {
    let reply = Reply {
        endpoint: std::env::var("ENDPOINT").unwrap_or_else(|_| name_of(path)),
        style: style.to_owned(),
        wait_ms: wait.as_millis() as u64,
        instance: instance::id().to_owned(),
        served: guard.served,
        in_flight: instance::in_flight(),
        entered_unix_ns: guard.entered_unix_ns,
        left_unix_ns: instance::now_unix_ns(),
        host: std::env::var("HOST_NAME").ok().filter(|name| !name.is_empty()),
    };
    match serde_json::to_string(&reply) {
        Ok(json) => {
            let mut response = respond(StatusCode::OK, "application/json", json);
            if let Ok(value) = reply.served_by().parse() {
                response.headers_mut().insert("served-by", value);
            }
            response
        }
        Err(error) => respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
    }
}

impl Reply {
    /// The evidence as the header `Served-By`: see `docs/evidence.md`.
    fn served_by(&self) -> String {
        let Self { instance, served, in_flight, style, .. } = self;
        let seconds = |ns: u64| format!("{}.{:06}", ns / 1_000_000_000, ns % 1_000_000_000 / 1_000);
        let (entered, left) = (seconds(self.entered_unix_ns), seconds(self.left_unix_ns));
        let is_plain =
            |name: &&String| name.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte));
        let host =
            self.host.as_ref().filter(is_plain).map_or(String::new(), |host| format!(";host=\"{host}\""));
        format!(
            "\"{instance}\";served={served};in-flight={in_flight};entered=\"{entered}\";left=\"{left}\";style=\"{style}\"{host}"
        )
    }
}

/// A one-line response: 400 for a bad request, 500 for a bad component configuration.
pub fn error(error: &Error) -> Response<String> {
    let status = match error {
        Error::Query(_) => StatusCode::BAD_REQUEST,
        Error::Environment(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    respond(status, TEXT, format!("{error}\n"))
}

const TEXT: &str = "text/plain; charset=utf-8";

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// The endpoint's name for a path: `/e1/p1` is endpoint `e1-p1`.
pub fn name_of(path: &str) -> String {
    path.trim_matches('/').replace('/', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_name_comes_from_the_path() {
        assert_eq!(name_of("/e1/p1"), "e1-p1");
        assert_eq!(name_of("/"), "");
    }

    #[test]
    fn a_reply_has_the_instance_and_the_times() {
        let uri = http::Uri::from_static("/e1/p1?wait_ms=20");
        let response = crate::respond("sync", &uri, std::thread::sleep);
        let reply: Reply = serde_json::from_str(response.body()).unwrap();
        assert_eq!((reply.endpoint.as_str(), reply.style.as_str(), reply.wait_ms), ("e1-p1", "sync", 20));
        assert_eq!(reply.instance.len(), 16);
        assert!(reply.served >= 1 && reply.in_flight >= 1);
        assert!(reply.left_unix_ns - reply.entered_unix_ns >= 20_000_000);
        assert_eq!(response.headers()["served-by"], reply.served_by());
    }

    #[test]
    fn the_header_has_the_evidence_in_microseconds() {
        let reply = Reply {
            endpoint: "e1-p1".to_owned(),
            style: "sync".to_owned(),
            wait_ms: 20,
            instance: "9f2c".to_owned(),
            served: 3,
            in_flight: 2,
            entered_unix_ns: 1_764_182_123_000_456_789,
            left_unix_ns: 1_764_182_124_999_999_999,
            host: Some("a".to_owned()),
        };
        assert_eq!(
            reply.served_by(),
            "\"9f2c\";served=3;in-flight=2;entered=\"1764182123.000456\";left=\"1764182124.999999\";style=\"sync\";host=\"a\""
        );
        assert!(!Reply { host: Some("a\"b".to_owned()), ..reply }.served_by().contains("host"));
    }

    #[test]
    fn a_bad_query_gets_400() {
        let uri = http::Uri::from_static("/e1/p1?wait_ms=abc");
        let response = crate::respond("sync", &uri, |_| panic!("a bad request must not wait"));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }
}
