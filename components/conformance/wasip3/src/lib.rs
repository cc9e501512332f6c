//! A guest for the host's tests: misbehaves on request.

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    match request.uri().path() {
        "/panic" => panic!("asked to panic"),
        path => http::Response::new(format!("{path} is fine\n")),
    }
}
