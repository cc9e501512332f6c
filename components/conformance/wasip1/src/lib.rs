//! A core module that uses an interface of each kind: WASI preview 1 for its environment, the clock and a line on standard error;
//! Spin's variables; and the HTTP handler of WASI 0.2.

mod preview1;

use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::{http_component, variables};

#[http_component]
fn handle(request: Request) -> impl IntoResponse {
    preview1::print_error(&format!("{} was called\n", request.path()));
    let body = format!(
        "environment: {}\nafter 2020: {}\nvariable: {}\n",
        preview1::environment().join(", "),
        preview1::seconds_since_1970() > 50 * 365 * 24 * 3600,
        variables::get("name").unwrap_or_else(|error| error.to_string()),
    );
    Response::new(200, body)
}
