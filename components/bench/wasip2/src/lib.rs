//! The benchmark's guest: responds immediately, so that the benchmark measures the host alone.

use spin_sdk::http_component;

#[http_component]
fn handle(_: http::Request<()>) -> http::Response<&'static str> {
    http::Response::new("fine\n")
}
