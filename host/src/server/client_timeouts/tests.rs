use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread::sleep;

use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Bytes, Frame};
use tokio::io::AsyncReadExt;

use super::body::{TimedRequestBody, TimedResponseBody};
use super::stream::TimedStream;
use super::*;

const LONG: Duration = Duration::from_secs(600);
/// A timeout that ends after the millisecond by which starts are rounded.
const NONE: Duration = Duration::ZERO;

/// The timeouts of a connection, for the header, for idleness and for bodies.
fn timeouts(header: Duration, idle: Duration, body: Duration) -> Arc<ClientTimeouts> {
    ClientTimeouts::new(&Limits {
        header_timeout: header,
        idle_timeout: idle,
        body_timeout: body,
        ..Limits::default()
    })
}

/// The status after more than the rounding of starts.
fn later(timeouts: &ClientTimeouts) -> TimeoutStatus {
    sleep(Duration::from_millis(5));
    timeouts.status()
}

fn is_waiting(status: &TimeoutStatus) -> bool {
    matches!(status, TimeoutStatus::CheckAt(_))
}

#[test]
fn a_connection_without_a_request_becomes_idle() {
    assert_eq!(later(&timeouts(LONG, NONE, LONG)), TimeoutStatus::Idle);
    assert!(is_waiting(&later(&timeouts(NONE, LONG, NONE))));
}

#[test]
fn a_connection_is_not_idle_while_a_request_is_open() {
    let timeouts = timeouts(LONG, NONE, LONG);
    let [first, second] = [(); 2].map(|()| timeouts.start_request(false));
    drop(first);
    assert!(timeouts.is_busy() && is_waiting(&later(&timeouts)));
    drop(second);
    assert!(!timeouts.is_busy());
    assert_eq!(later(&timeouts), TimeoutStatus::Idle);
}

#[test]
fn the_idle_timeout_starts_again_after_a_request() {
    let idle_timeout = Duration::from_millis(200);
    let timeouts = timeouts(LONG, idle_timeout, LONG);
    let request = timeouts.start_request(false);
    sleep(idle_timeout);
    drop(request);
    assert!(is_waiting(&timeouts.status()));
}

#[test]
fn a_header_must_be_complete_within_its_timeout() {
    let timeouts = timeouts(NONE, LONG, LONG);
    timeouts.input_received();
    assert_eq!(later(&timeouts), TimeoutStatus::Expired("--header-timeout"));
    let request = timeouts.start_request(false);
    assert!(is_waiting(&later(&timeouts)));
    // Input during a request is its body, or the start of a pipelined request.
    timeouts.input_received();
    assert!(is_waiting(&later(&timeouts)));
    drop(request);
    timeouts.input_received();
    assert_eq!(later(&timeouts), TimeoutStatus::Expired("--header-timeout"));
}

#[test]
fn further_input_does_not_prolong_the_header_timeout() {
    let timeouts = timeouts(Duration::from_millis(100), LONG, LONG);
    for _ in 0..5 {
        timeouts.input_received();
        sleep(Duration::from_millis(30));
    }
    assert_eq!(timeouts.status(), TimeoutStatus::Expired("--header-timeout"));
}

#[test]
fn input_between_requests_of_http2_is_not_a_header() {
    let timeouts = timeouts(NONE, LONG, LONG);
    drop(timeouts.start_request(true));
    timeouts.input_received();
    assert!(is_waiting(&later(&timeouts)));
}

#[test]
fn a_client_must_take_a_response_within_the_body_timeout() {
    let timeouts = timeouts(LONG, LONG, NONE);
    let _request = timeouts.start_request(false);
    timeouts.set_sending(true);
    assert_eq!(later(&timeouts), TimeoutStatus::Expired("--body-timeout"));
    timeouts.set_sending(false);
    assert!(is_waiting(&later(&timeouts)));
}

#[test]
fn a_client_must_send_a_request_body_within_the_body_timeout() {
    let timeouts = timeouts(LONG, LONG, Duration::from_millis(100));
    let _request = timeouts.start_request(false);
    // A guest that polls the body again doesn't prolong the timeout.
    for _ in 0..5 {
        timeouts.set_receiving(true);
        sleep(Duration::from_millis(30));
    }
    assert_eq!(timeouts.status(), TimeoutStatus::Expired("--body-timeout"));
    timeouts.set_receiving(false);
    assert!(is_waiting(&timeouts.status()));
}

#[test]
fn the_end_of_a_request_ends_its_body_timeouts() {
    let timeouts = timeouts(LONG, LONG, NONE);
    let request = timeouts.start_request(false);
    timeouts.set_sending(true);
    timeouts.set_receiving(true);
    drop(request);
    assert!(is_waiting(&later(&timeouts)));
}

#[test]
fn the_next_check_is_at_most_the_shortest_timeout_away() {
    let shortest = Duration::from_secs(5);
    for timeouts in
        [timeouts(shortest, LONG, LONG), timeouts(LONG, shortest, LONG), timeouts(LONG, LONG, shortest)]
    {
        let TimeoutStatus::CheckAt(next) = timeouts.status() else { panic!("no timeout has ended") };
        let rounding = Duration::from_millis(1);
        assert!(next <= Instant::now() + shortest + rounding);
    }
}

#[test]
fn a_disconnect_may_be_hidden_only_behind_unread_input_of_an_open_http1_request() {
    let timeouts = timeouts(LONG, LONG, LONG);
    timeouts.input_received();
    assert!(!timeouts.may_hide_disconnect(), "no request is open");
    let request = timeouts.start_request(false);
    assert!(!timeouts.may_hide_disconnect(), "the header was read");
    assert_eq!(timeouts.next_disconnect_poll(), None);
    timeouts.input_received();
    assert!(timeouts.may_hide_disconnect(), "pipelined input");
    drop(request);
    let request = timeouts.start_request(false);
    timeouts.set_has_body();
    assert!(timeouts.may_hide_disconnect(), "a body");
    assert!(timeouts.next_disconnect_poll().unwrap() <= Instant::now() + DISCONNECT_POLL_INTERVAL);
    drop(request);
    let _request = timeouts.start_request(true);
    timeouts.set_has_body();
    assert!(!timeouts.may_hide_disconnect(), "HTTP/2 reads all input");
}

#[tokio::test]
async fn a_stream_notes_input_and_not_its_end() {
    let timeouts = timeouts(NONE, LONG, LONG);
    let mut empty = TimedStream::new(&b""[..], timeouts.clone());
    assert_eq!(empty.read(&mut [0; 9]).await.unwrap(), 0);
    assert!(is_waiting(&later(&timeouts)));
    let mut stream = TimedStream::new(&b"GET"[..], timeouts.clone());
    assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 3);
    assert_eq!(later(&timeouts), TimeoutStatus::Expired("--header-timeout"));
}

#[tokio::test]
async fn a_response_body_waits_for_the_client_until_it_is_polled_again() {
    let timeouts = timeouts(LONG, LONG, NONE);
    let guard = Arc::new(timeouts.start_request(false));
    let mut body = TimedResponseBody::new(Full::new(Bytes::from("text")), guard);
    assert_eq!(body.size_hint().exact(), Some(4));
    body.frame().await.unwrap().unwrap();
    assert_eq!(later(&timeouts), TimeoutStatus::Expired("--body-timeout"));
    assert!(body.frame().await.is_none());
    assert!(is_waiting(&later(&timeouts)));
}

#[test]
fn a_request_body_waits_for_the_client_while_it_is_pending() {
    let timeouts = timeouts(LONG, LONG, NONE);
    let guard = Arc::new(timeouts.start_request(false));
    let (sender, frames) = futures_channel::mpsc::unbounded::<Result<Frame<Bytes>, Infallible>>();
    let mut body = TimedRequestBody::new(StreamBody::new(frames), guard);
    let mut context = Context::from_waker(Waker::noop());
    let mut poll = || Pin::new(&mut body).poll_frame(&mut context);
    assert!(poll().is_pending());
    assert_eq!(later(&timeouts), TimeoutStatus::Expired("--body-timeout"));
    sender.unbounded_send(Ok(Frame::data(Bytes::from("text")))).unwrap();
    assert!(matches!(poll(), Poll::Ready(Some(Ok(_)))));
    assert!(is_waiting(&later(&timeouts)));
}
