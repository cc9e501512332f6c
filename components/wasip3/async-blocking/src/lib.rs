//! `async`, but never awaits: its wait blocks the instance.

use std::thread;

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::respond_async("async-blocking", request.uri(), async |wait| thread::sleep(wait)).await
}
