//! Awaits its wait: the instance is free for others meanwhile.

use spin_sdk::http_component;

#[http_component]
async fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::visit_async("async-awaiting", request.uri(), sleep::sleep).await
}
