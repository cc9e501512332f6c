// Names the component instance that serves a request in the header Served-By, in a Spin guest in Rust.
//
//     #[http_service] // spin-sdk 7; for spin-sdk 5.2: #[http_component]
//     async fn handle(request: Request) -> http::Response<String> {
//         served_by::answer(async { http::Response::new("hello".to_owned()) }).await
//     }
//
// It needs the crate `http`. RFC 9651 defines the syntax, docs/evidence.md the meaning.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::UNIX_EPOCH;

// An instance has its own memory, so that statics are those of one instance.
static INSTANCE: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));
static SERVED: AtomicU32 = AtomicU32::new(0);
static IN_FLIGHT: AtomicU32 = AtomicU32::new(0);

/// Adds the header to the response of `handler`.
pub async fn answer<Body>(handler: impl Future<Output = http::Response<Body>>) -> http::Response<Body> {
    let now = || UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64();
    let entered = now();
    let served = 1 + SERVED.fetch_add(1, Relaxed);
    IN_FLIGHT.fetch_add(1, Relaxed);
    let mut response = handler.await;
    let in_flight = IN_FLIGHT.fetch_sub(1, Relaxed);
    let (instance, left) = (*INSTANCE, now());
    let times = format!("entered=\"{entered:.6}\";left=\"{left:.6}\"");
    let value = format!("\"{instance:016x}\";served={served};in-flight={in_flight};{times}");
    if let Ok(value) = value.parse() {
        response.headers_mut().insert("served-by", value);
    }
    response
}
