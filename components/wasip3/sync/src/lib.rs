//! Synchronous but for the signature, which spin-sdk 7 wants `async`: the wait blocks the instance.

use std::thread;

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::visit("sync", request.uri(), thread::sleep)
}
