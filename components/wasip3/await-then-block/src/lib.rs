//! Awaits a tenth of its wait, then blocks for the whole wait.
//!
//! If requests share the instance, others enter while this one awaits, and stall when it blocks.

use std::thread;

use spin_sdk::http::Request;
use spin_sdk::http_service;
use spin_sdk::time::sleep;

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    endpoint::respond_async("await-then-block", request.uri(), async |wait| {
        sleep(wait / 10).await;
        thread::sleep(wait);
    })
    .await
}
