//! Burns CPU: there is no waiting to overlap.

use spin_sdk::http_component;

#[http_component]
fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::visit("cpu", request.uri(), endpoint::cpu::work)
}
