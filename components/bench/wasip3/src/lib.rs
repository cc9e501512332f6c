//! The benchmark's guest: responds immediately, so that the benchmark measures the host alone.

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(_: Request) -> http::Response<String> {
    http::Response::new("fine\n".to_owned())
}
