//! A synchronous function: its wait blocks the instance.

use std::thread;

use spin_sdk::http_component;

#[http_component]
fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::respond("sync", request.uri(), thread::sleep)
}
