//! Burns CPU: there is no waiting to overlap.

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::visit("cpu", request.uri(), endpoint::cpu::work)
}
