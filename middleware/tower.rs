// Names the process that serves a request in the header Served-By, for tower; with axum:
//     Router::new().route("/", get(handler)).layer(tower::layer::layer_fn(ServedBy))
// It needs the crates `http` and `tower-service`. RFC 9651 defines the syntax, docs/evidence.md the meaning.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::UNIX_EPOCH;

static SERVED: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone)]
pub struct ServedBy<S>(pub S);

impl<S, Request, Body> tower_service::Service<Request> for ServedBy<S>
where
    S: tower_service::Service<Request, Response = http::Response<Body>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let now = || UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64();
        let (entered, served, answer) = (now(), 1 + SERVED.fetch_add(1, Relaxed), self.0.call(request));
        Box::pin(async move {
            let mut response = answer.await?;
            let (process, left) = (std::process::id(), now());
            let value = format!("\"{process}\";served={served};entered=\"{entered:.6}\";left=\"{left:.6}\"");
            value.parse().ok().and_then(|value| response.headers_mut().insert("served-by", value));
            Ok(response)
        })
    }
}
