//! Code that all guests share, so that a handler's file shows only its style: how it waits.
//!
//! A handler calls [`respond`] or [`respond_async`] with its wait function. Both read the wait time from the
//! request, record when the request entered and left the handler, and return a [`Reply`].

pub mod cpu;
pub mod instance;
mod reply;
mod wait;

use std::time::Duration;

pub use reply::{Reply, name_of};

/// Handles a request with a synchronous wait.
///
/// `style` names the handler style, `uri` is the request's, and `wait` blocks for the given time.
pub fn respond(style: &str, uri: &http::Uri, wait: impl FnOnce(Duration)) -> http::Response<String> {
    let time = match wait::requested(uri.query(), wait::configured()) {
        Ok(time) => time,
        Err(error) => return reply::error(&error),
    };
    let guard = instance::enter();
    wait(time);
    reply::ok(style, uri.path(), time, guard)
}

/// Handles a request with an asynchronous wait; otherwise like [`respond`].
pub async fn respond_async(
    style: &str,
    uri: &http::Uri,
    wait: impl AsyncFnOnce(Duration),
) -> http::Response<String> {
    let time = match wait::requested(uri.query(), wait::configured()) {
        Ok(time) => time,
        Err(error) => return reply::error(&error),
    };
    let guard = instance::enter();
    wait(time).await;
    reply::ok(style, uri.path(), time, guard)
}
