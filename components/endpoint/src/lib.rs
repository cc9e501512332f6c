//! What every guest shares, so that a handler's file shows only its style: how it waits.
//!
//! A handler calls [`visit`] or [`visit_async`] with its way of waiting. Both read how long to
//! wait, note when the request entered the handler and when it left, and answer with a [`Reply`].

pub mod cpu;
pub mod instance;
mod reply;
mod wait;

use std::time::Duration;

pub use reply::{Reply, name_of};

/// Answers a request whose handler waits in plain, synchronous code.
///
/// `style` names the handler, `uri` is the request's, and `wait` blocks for the time it is given.
pub fn visit(style: &str, uri: &http::Uri, wait: impl FnOnce(Duration)) -> http::Response<String> {
    let time = match wait::requested(uri.query(), wait::configured()) {
        Ok(time) => time,
        Err(error) => return reply::error(&error),
    };
    let guest = instance::enter();
    wait(time);
    reply::ok(style, uri.path(), time, guest)
}

/// Answers a request whose handler waits in asynchronous code; otherwise as [`visit`].
pub async fn visit_async(
    style: &str,
    uri: &http::Uri,
    wait: impl AsyncFnOnce(Duration),
) -> http::Response<String> {
    let time = match wait::requested(uri.query(), wait::configured()) {
        Ok(time) => time,
        Err(error) => return reply::error(&error),
    };
    let guest = instance::enter();
    wait(time).await;
    reply::ok(style, uri.path(), time, guest)
}
