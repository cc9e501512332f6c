//! A guest for the benchmark: answers at once, so that what is measured is the host.

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(_: Request) -> http::Response<String> {
    http::Response::new("fine\n".to_owned())
}
