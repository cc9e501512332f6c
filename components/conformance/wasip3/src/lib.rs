//! A guest for the host's tests: does what the path asks, misbehaviour too. Crate `behaviour` says
//! what each path does.

mod body;

use std::time::Duration;

use behaviour::Act;
use spin_sdk::http::{BoxBody, Request};
use spin_sdk::time::sleep;
use spin_sdk::{http_service, variables};

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.3.0")]
unsafe extern "C" {
    /// An async function, imported as one that blocks: the SDK knows it only as one to await.
    #[link_name = "wait-for"]
    fn wait_for(nanoseconds: u64);
}

fn hold(time: Duration) {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    // SAFETY: the canonical ABI gives `wait-for: async func(how-long: u64)` this signature.
    unsafe { wait_for(nanoseconds) };
}

#[http_service]
async fn handle(request: Request) -> http::Response<BoxBody> {
    let guest = endpoint::instance::enter();
    let (parts, body) = request.into_parts();
    let answer = match behaviour::act(&parts, &guest) {
        Act::Echo(headers) => return body::echo(headers, body),
        Act::Stream(pieces, pause) => return body::stream(pieces, pause),
        Act::Answer(answer) => answer,
        Act::BodySize => body::size(body).await,
        Act::Await(time, then) => {
            sleep(time).await;
            then()
        }
        Act::Hold(time, then) => {
            hold(time);
            then()
        }
        Act::Variable(name) => behaviour::shown(variables::get(name).await),
        Act::Outbound(url) => behaviour::outbound(body::get(url).await),
    };
    answer.map(body::whole)
}
