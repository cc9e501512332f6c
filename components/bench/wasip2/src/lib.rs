//! A guest for the benchmark: answers at once, so that what is measured is the host.

use spin_sdk::http_component;

#[http_component]
fn handle(_: http::Request<()>) -> http::Response<&'static str> {
    http::Response::new("fine\n")
}
