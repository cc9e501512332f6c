//! The trap: awaits a tenth of its wait, and then blocks for the wait.
//!
//! Where instances are shared, others enter while it awaits, and are stalled when it blocks.

use std::thread;

use spin_sdk::http::Request;
use spin_sdk::http_service;
use spin_sdk::time::sleep;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::visit_async("await-then-block", request.uri(), async |wait| {
        sleep(wait / 10).await;
        thread::sleep(wait);
    })
    .await
}
