//! Awaits: the instance can take other requests meanwhile.

use spin_sdk::http::Request;
use spin_sdk::http_service;
use spin_sdk::time::sleep;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::respond_async("async-awaiting", request.uri(), sleep).await
}
