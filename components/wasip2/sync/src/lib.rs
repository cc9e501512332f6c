//! A plain function. Its wait blocks, and with it everything else in this instance.

use std::thread;

use spin_sdk::http_component;

#[http_component]
fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::visit("sync", request.uri(), thread::sleep)
}
