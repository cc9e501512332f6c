//! Computes: CPU time, unlike waiting, does not overlap on one core.

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::respond("cpu", request.uri(), endpoint::cpu::work)
}
