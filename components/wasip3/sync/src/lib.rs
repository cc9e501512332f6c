//! A synchronous body behind the `async` signature that spin-sdk 7 requires: its wait blocks the instance.

use std::thread;

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::respond("sync", request.uri(), thread::sleep)
}
