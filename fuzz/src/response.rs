//! Answers requests of the load generator with any bytes.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use judge::schedule::Schedule;
use judge::trace::Baseline;
use loadtest::runner::measure;
use loadtest::runner::request::{RequestSpec, ServiceTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

/// The number of requests of a burst, each over a connection of its own.
const REQUESTS: usize = 2;
/// The limit for a request. The server closes each connection, so that no request needs it.
const TIMEOUT: Duration = Duration::from_secs(10);

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
}

/// Every request ends, and is counted once. The first byte selects HTTP/1.1 or HTTP/2, the others are the answer.
pub fn run(bytes: &[u8]) {
    let Some((first, answer)) = bytes.split_first() else { return };
    let is_http2 = first % 2 == 1;
    RUNTIME.with(|runtime| LocalSet::new().block_on(runtime, burst(is_http2, answer.to_vec())));
}

async fn burst(is_http2: bool, answer: Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let server = tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(serve(stream, answer.clone()));
        }
    });
    let mut spec = RequestSpec {
        method: Method::GET,
        headers: HeaderMap::new(),
        body: Default::default(),
        content_type: HeaderValue::from_static("text/plain"),
        transport: Default::default(),
        keep_alive: true,
        good: vec![200..=299],
        timeout: Some(TIMEOUT),
        service_time: ServiceTime::Given(1.0, Baseline::default()),
    };
    spec.transport.http2 = is_http2;
    let prepared = spec.prepare(&format!("http://{address}/")).await.expect("a valid URL");
    let judged =
        measure::fire(&[prepared.burst(Schedule::together(REQUESTS))], &Default::default(), None).await;
    let burst = &judged.bursts[0];
    assert_eq!(burst.ok + burst.failed, REQUESTS, "{burst:?}");
    server.abort();
}

/// Answers as soon as something was sent, and closes.
async fn serve(mut stream: TcpStream, answer: Vec<u8>) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
    // Until the client closes: a reset would lose the answer.
    while stream.read(&mut request).await.is_ok_and(|count| count > 0) {}
}
