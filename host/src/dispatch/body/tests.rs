use futures_util::stream::{self, Stream, StreamExt};
use futures_util::{FutureExt, future};
use http::HeaderMap;
use http_body_util::StreamBody;

use super::*;

/// Counts the calls, and tells whether it was dropped.
#[derive(Clone, Default)]
struct GuardLog {
    completed: Arc<AtomicBool>,
    dropped: Arc<AtomicBool>,
}

struct TestGuard(GuardLog);

impl ResponseGuard for TestGuard {
    fn complete(&mut self) {
        self.0.completed.store(true, Relaxed);
    }
}

impl Drop for TestGuard {
    fn drop(&mut self) {
        self.0.dropped.store(true, Relaxed);
    }
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from(text))
}

fn body(frames: impl Stream<Item = Frame<Bytes>> + Send + 'static) -> WasiBody {
    StreamBody::new(frames.map(Ok)).boxed_unsync()
}

/// A body that never ends after these frames.
fn unfinished(frames: Vec<Frame<Bytes>>) -> WasiBody {
    body(stream::iter(frames).chain(stream::once(future::pending())))
}

struct TestResponse {
    body: ResponseBody,
    abort_flag: AbortFlag,
    guard: GuardLog,
}

fn from_guest(method: &Method, content_length: Option<u64>, body: WasiBody) -> TestResponse {
    let mut response = Response::new(body);
    if let Some(length) = content_length {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    let (abort_flag, guard) = (AbortFlag::default(), GuardLog::default());
    let response =
        ResponseBody::from_guest(response, method, abort_flag.clone(), Box::new(TestGuard(guard.clone())));
    TestResponse { body: response.into_body(), abort_flag, guard }
}

/// The lower and the upper bound of the size.
fn size(body: &ResponseBody) -> (u64, Option<u64>) {
    (body.size_hint().lower(), body.size_hint().upper())
}

async fn read_all(body: &mut ResponseBody) -> Result<String, Error> {
    let mut text = String::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            text += std::str::from_utf8(&data).unwrap();
        }
    }
    Ok(text)
}

#[test]
fn the_size_of_the_hosts_own_text_is_exact() {
    assert_eq!(size(&ResponseBody::full("four")), (4, Some(4)));
    assert_eq!(size(&ResponseBody::full("")), (0, Some(0)));
    assert!(ResponseBody::full("").is_end_stream());
}

#[tokio::test]
async fn the_size_of_a_guests_body_is_exact_once_all_of_it_is_prefetched() {
    let frames = vec![data("one"), data("three")];
    let mut response = from_guest(&Method::GET, None, body(stream::iter(frames)));
    assert_eq!(size(&response.body), (0, None));
    response.body.prefetch().await.unwrap();
    assert_eq!(size(&response.body), (8, Some(8)));
    assert!(!response.body.is_end_stream());
    assert_eq!(read_all(&mut response.body).await.unwrap(), "onethree");
    assert_eq!(size(&response.body), (0, Some(0)));
    assert!(response.body.is_end_stream());
}

#[tokio::test]
async fn the_size_of_an_unfinished_body_has_only_a_lower_bound() {
    let mut response = from_guest(&Method::GET, None, unfinished(vec![data("four")]));
    response.body.prefetch().await.unwrap();
    assert_eq!(size(&response.body), (4, None));
    assert!(!response.body.is_end_stream());
}

#[tokio::test]
async fn the_size_of_a_partly_prefetched_body_includes_the_rest() {
    let text = "x".repeat(PREFETCH_BYTES);
    let full = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
    let mut response = from_guest(&Method::GET, None, full);
    let exact = PREFETCH_BYTES as u64;
    assert_eq!(size(&response.body), (exact, Some(exact)));
    response.body.prefetch().await.unwrap();
    assert_eq!(size(&response.body), (exact, Some(exact)));
}

#[tokio::test]
async fn the_size_of_a_body_with_trailers_is_not_exact() {
    let frames = vec![data("four"), Frame::trailers(HeaderMap::new())];
    let mut response = from_guest(&Method::GET, None, body(stream::iter(frames)));
    response.body.prefetch().await.unwrap();
    assert_eq!(size(&response.body), (4, None));
}

#[tokio::test]
async fn prefetching_stops_at_its_limit() {
    let half: &'static str = "x".repeat(PREFETCH_BYTES / 2).leak();
    let frames = stream::repeat_with(move || data(half));
    let mut response = from_guest(&Method::GET, None, body(frames));
    response.body.prefetch().await.unwrap();
    assert_eq!(response.body.prefetched.len(), 2);
}

#[tokio::test]
async fn the_guard_is_completed_at_the_end_of_the_body() {
    let mut response = from_guest(&Method::GET, None, body(stream::iter(vec![data("four")])));
    assert!(response.body.frame().await.unwrap().is_ok());
    assert!(!response.guard.completed.load(Relaxed));
    assert!(response.body.frame().await.is_none());
    assert!(response.guard.completed.load(Relaxed));
}

#[tokio::test]
async fn the_guard_is_completed_at_the_last_byte_if_the_length_is_known() {
    let mut response = from_guest(&Method::GET, Some(4), unfinished(vec![data("four")]));
    assert!(response.body.frame().await.unwrap().is_ok());
    assert!(response.guard.completed.load(Relaxed));
}

#[test]
fn the_guard_is_completed_at_once_if_there_is_no_body() {
    for (method, length) in [(Method::HEAD, Some(9)), (Method::HEAD, None), (Method::GET, Some(0))] {
        let response = from_guest(&method, length, unfinished(vec![]));
        assert!(response.guard.completed.load(Relaxed), "{method} {length:?}");
    }
}

#[test]
fn a_body_that_is_dropped_early_drops_its_guard_uncompleted() {
    let response = from_guest(&Method::GET, None, unfinished(vec![data("four")]));
    drop(response.body);
    assert!(response.guard.dropped.load(Relaxed) && !response.guard.completed.load(Relaxed));
}

#[tokio::test]
async fn the_end_of_an_aborted_body_is_an_error() {
    let mut response = from_guest(&Method::GET, None, body(stream::iter(vec![data("four")])));
    response.abort_flag.abort();
    assert!(!response.body.is_end_stream());
    let error = read_all(&mut response.body).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseIncomplete), "{error}");
    assert!(!response.guard.completed.load(Relaxed));
}

#[tokio::test]
async fn a_body_of_its_declared_length_is_complete_even_if_its_instance_was_aborted() {
    let mut response = from_guest(&Method::GET, Some(4), body(stream::iter(vec![data("four")])));
    response.abort_flag.abort();
    assert_eq!(read_all(&mut response.body).await.unwrap(), "four");
}

#[tokio::test]
async fn a_body_that_is_not_complete_at_its_deadline_is_aborted() {
    let mut response = from_guest(&Method::GET, None, unfinished(vec![data("four")]));
    response.body.set_deadline(Instant::now());
    let error = read_all(&mut response.body).await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseTimeout), "{error}");
}

#[test]
fn a_suppressed_body_has_no_frame() {
    let mut body = ResponseBody::full("four");
    body.suppress();
    assert!(body.is_end_stream());
    assert!(body.frame().now_or_never().unwrap().is_none());
}
