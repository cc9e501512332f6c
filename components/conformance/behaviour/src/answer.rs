//! Answers: plain text with no newline at its end, unless said otherwise.

use std::fmt::Display;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// What the client gets.
pub type Answer = Response<Vec<u8>>;

/// 200 and this text.
pub fn text(text: impl Into<Vec<u8>>) -> Answer {
    Response::new(text.into())
}

/// This status and one line of text.
pub fn error(status: StatusCode, error: &dyn Display) -> Answer {
    let mut answer = text(format!("error: {error}"));
    *answer.status_mut() = status;
    answer
}

/// This status, and no body.
pub fn status(status: StatusCode) -> Answer {
    let mut answer = text("");
    *answer.status_mut() = status;
    answer
}

/// As many headers, `x-n-0` and on; each value is its number.
pub fn many_headers(count: u32) -> Answer {
    let mut answer = text(format!("{count} headers"));
    for n in 0..count {
        if let Ok(name) = HeaderName::try_from(format!("x-n-{n}")) {
            answer.headers_mut().insert(name, HeaderValue::from(n));
        }
    }
    answer
}

/// 200 and this value as JSON.
pub fn json(value: &serde_json::Value) -> Answer {
    let mut answer = text(value.to_string());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The value as text, or 500 and why there is none.
pub fn shown(value: Result<impl ToString, impl Display>) -> Answer {
    match value {
        Ok(value) => text(value.to_string()),
        Err(reason) => error(StatusCode::INTERNAL_SERVER_ERROR, &reason),
    }
}

/// What another server answered: its status on a line, then its body; where it redirects to stands
/// in `x-location`. Or 502 and why it did not answer.
pub fn outbound(received: Result<Answer, impl Display>) -> Answer {
    match received {
        Ok(received) => relayed(received),
        Err(reason) => error(StatusCode::BAD_GATEWAY, &reason),
    }
}

fn relayed(received: Answer) -> Answer {
    let mut body = format!("{}\n", received.status().as_u16()).into_bytes();
    body.extend_from_slice(received.body());
    let mut answer = text(body);
    if let Some(location) = received.headers().get(LOCATION) {
        answer.headers_mut().insert("x-location", location.clone());
    }
    answer
}
