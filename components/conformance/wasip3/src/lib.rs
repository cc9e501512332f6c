//! The guest of the host's conformance tests: the path selects a behaviour or a misbehaviour. Crate `behaviour`
//! lists the paths.

mod body;

use std::time::Duration;

use behaviour::Action;
use spin_sdk::http::{BoxBody, Request};
use spin_sdk::time::sleep;
use spin_sdk::{http_service, variables};

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.3.0")]
unsafe extern "C" {
    /// An async function, imported as a blocking one. The SDK offers it only as one to await.
    #[link_name = "wait-for"]
    fn wait_for(nanoseconds: u64);
}

fn blocking_wait(time: Duration) {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    // SAFETY: the canonical ABI gives `wait-for: async func(how-long: u64)` this signature.
    unsafe { wait_for(nanoseconds) };
}

#[http_service]
async fn handle(request: Request) -> http::Response<BoxBody> {
    let guard = endpoint::instance::enter();
    let (parts, body) = request.into_parts();
    let response = match behaviour::action(&parts, &guard) {
        Action::Echo(headers) => return body::echo(headers, body),
        Action::Stream(chunks, pause) => return body::stream(chunks, pause),
        Action::Respond(response) => response,
        Action::BodySize => body::size(body).await,
        Action::Await(time, then) => {
            sleep(time).await;
            then()
        }
        Action::BlockInHostCall(time, then) => {
            blocking_wait(time);
            then()
        }
        Action::Variable(name) => behaviour::from_result(variables::get(name).await),
        Action::Outbound(url) => behaviour::relay(body::get(url).await),
    };
    response.map(body::whole)
}
