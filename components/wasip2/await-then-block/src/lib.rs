//! Awaits a tenth of its wait, then blocks for the whole wait.
//!
//! If requests share the instance, others enter while this one awaits, and stall when it blocks.

use std::thread;

use spin_sdk::http_component;

#[http_component]
async fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::respond_async("await-then-block", request.uri(), async |wait| {
        sleep::sleep(wait / 10).await;
        thread::sleep(wait);
    })
    .await
}
