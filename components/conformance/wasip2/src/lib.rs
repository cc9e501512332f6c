//! A guest for the host's tests: misbehaves on request.

use spin_sdk::http_component;

#[http_component]
fn handle(request: http::Request<()>) -> http::Response<String> {
    match request.uri().path() {
        "/panic" => panic!("asked to panic"),
        path => http::Response::new(format!("{path} is fine\n")),
    }
}
