//! `async`, but never awaits: its wait blocks the instance.

use std::thread;

use spin_sdk::http_component;

#[http_component]
async fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::respond_async("async-blocking", request.uri(), async |wait| thread::sleep(wait)).await
}
