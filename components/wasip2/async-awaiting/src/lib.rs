//! Awaits: the instance can take other requests meanwhile.

use spin_sdk::http_component;

#[http_component]
async fn handle(request: http::Request<()>) -> http::Response<String> {
    endpoint::respond_async("async-awaiting", request.uri(), sleep::sleep).await
}
