//! The trap: awaits a tenth of its wait, and then blocks for the wait.
//!
//! Where instances are shared, others enter while it awaits, and are stalled when it blocks.

use std::thread;

use spin_sdk::http_component;

#[http_component]
async fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::visit_async("await-then-block", request.uri(), async |wait| {
        sleep::sleep(wait / 10).await;
        thread::sleep(wait);
    })
    .await
}
