//! Responses: plain text without a final newline, unless stated otherwise.

use std::fmt::Display;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};

/// A whole response.
pub type Response = http::Response<Vec<u8>>;

/// 200 and this text.
pub fn text(text: impl Into<Vec<u8>>) -> Response {
    Response::new(text.into())
}

/// This status and one line of text.
pub fn error(status: StatusCode, error: &dyn Display) -> Response {
    let mut response = text(format!("error: {error}"));
    *response.status_mut() = status;
    response
}

/// This status and no body.
pub fn status(status: StatusCode) -> Response {
    let mut response = text("");
    *response.status_mut() = status;
    response
}

/// `count` headers, `x-n-0` and on; each value is its number.
pub fn many_headers(count: u32) -> Response {
    let mut response = text(format!("{count} headers"));
    for n in 0..count {
        if let Ok(name) = HeaderName::try_from(format!("x-n-{n}")) {
            response.headers_mut().insert(name, HeaderValue::from(n));
        }
    }
    response
}

/// 200 and this value as JSON.
pub fn json(value: &serde_json::Value) -> Response {
    let mut response = text(value.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// 200 and the value as text, or 500 and the error.
pub fn from_result(value: Result<impl ToString, impl Display>) -> Response {
    match value {
        Ok(value) => text(value.to_string()),
        Err(reason) => error(StatusCode::INTERNAL_SERVER_ERROR, &reason),
    }
}

/// Another server's response: its status on a line, then its body, and its `location` header as
/// `x-location`. If it did not respond, 502 and the error.
pub fn relay(received: Result<Response, impl Display>) -> Response {
    match received {
        Ok(received) => relayed(received),
        Err(reason) => error(StatusCode::BAD_GATEWAY, &reason),
    }
}

fn relayed(received: Response) -> Response {
    let mut body = format!("{}\n", received.status().as_u16()).into_bytes();
    body.extend_from_slice(received.body());
    let mut response = text(body);
    if let Some(location) = received.headers().get(LOCATION) {
        response.headers_mut().insert("x-location", location.clone());
    }
    response
}
