//! Computes: CPU time, unlike waiting, does not overlap on one core.

use spin_sdk::http_component;

#[http_component]
fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::respond("cpu", request.uri(), endpoint::cpu::work)
}
