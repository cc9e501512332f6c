//! Answers with odd heads and bodies: one request has one final answer, or one named error.

use judge::trace::ErrorKind;

use super::server::{End, OK, answering, three};
use crate::common::burst_run::burst;

/// The statuses of three requests.
async fn statuses(answer: impl Into<Vec<u8>>, end: End, args: &[&str]) -> Vec<Option<u16>> {
    let run = three(args, &answering(answer, end).await).await;
    let error = run.stderr.clone();
    let result = run.burst();
    assert_eq!(result.requests.len(), 3, "{error}");
    result.requests.iter().map(|request| request.status).collect()
}

fn with_head(head: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{head}content-length: 2\r\n\r\nok")
}

#[tokio::test]
async fn informational_answers_come_before_the_final_one() {
    let early = |status: &str, times: usize| format!("HTTP/1.1 {status}\r\n\r\n").repeat(times) + OK;
    for answer in [
        early("100 Continue", 1),
        early("102 Processing", 1),
        early("103 Early Hints\r\nlink: </a.css>", 2),
        early("103 Early Hints\r\nlink: </a.css>", 100),
    ] {
        assert_eq!(statuses(answer.clone(), End::Next, &[]).await, [Some(200); 3], "{answer:?}");
    }
}

#[tokio::test]
async fn odd_heads_are_read_as_browsers_do() {
    let fields = |count: usize| (0..count).map(|i| format!("x-{i}: {i}\r\n")).collect::<String>();
    for answer in [
        with_head(&format!("x-long: {}\r\n", "a".repeat(70_000))),
        with_head(&fields(300)),
        with_head(&fields(990)),
        with_head("x-folded: a\r\n  b\r\n"),
        with_head("x-space : a\r\n"),
        OK.replace(" OK", ""),
        OK.replace(" OK", " "),
        OK.replace("\r\n", "\n"),
        format!("\r\n{OK}"),
        OK.replace("content-length: 2", "content-length: 2\r\ncontent-length: 2"),
        OK.replace("content-length: 2", "content-encoding: gzip\r\ncontent-length: 2"),
        OK.replace("content-length: 2\r\n\r\nok", "content-encoding: gzip\r\ncontent-length: 0\r\n\r\n"),
    ] {
        assert_eq!(statuses(answer.clone(), End::Next, &[]).await, [Some(200); 3], "{answer:.200}");
    }
    // A request alone finds out that there are many fields.
    let url = answering(with_head(&fields(300)), End::Next).await;
    assert_eq!(burst(&["-n", "3", "-c", "3", &url]).await.burst().ok, 3);
    let latin1 = [&b"HTTP/1.1 200 "[..], b"\xe4\xf6", b"\r\ncontent-length: 2\r\n\r\nok"].concat();
    assert_eq!(statuses(latin1, End::Next, &[]).await, [Some(200); 3]);
    assert_eq!(statuses(OK.replace("200", "999"), End::Next, &["--status", "999"]).await, [Some(999); 3]);
}

#[tokio::test]
async fn a_body_ends_where_its_framing_says() {
    let chunked = |head: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
    for answer in [
        chunked("transfer-encoding: chunked", "2\r\nok\r\n0\r\nx-trailer: a\r\n\r\n"),
        chunked("Transfer-Encoding: CHUNKED", "2;name=value\r\nok\r\n0\r\n\r\n"),
        chunked("transfer-encoding: chunked", "00002\r\nok\r\n0\r\n\r\n"),
    ] {
        assert_eq!(statuses(answer.clone(), End::Silent, &[]).await, [Some(200); 3], "{answer:?}");
    }
    let until_close = "HTTP/1.0 200 OK\r\n\r\nas long as the connection";
    assert_eq!(statuses(until_close, End::Close, &[]).await, [Some(200); 3]);
    let without_body = "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n";
    assert_eq!(statuses(without_body, End::Silent, &[]).await, [Some(204); 3]);
    let not_modified = "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n";
    assert_eq!(statuses(not_modified, End::Silent, &[]).await, [Some(304); 3]);
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n";
    assert_eq!(statuses(head, End::Silent, &["-m", "HEAD"]).await, [Some(200); 3]);
}

/// Stray bytes spoil the connection, not the next answer.
#[tokio::test]
async fn bytes_after_an_answer_are_not_the_next_answer() {
    let stray = format!("{OK}HTTP/1.1 500 Stray\r\ncontent-length: 0\r\n\r\n");
    let url = answering(stray, End::Next).await;
    let result = three(&["-n", "6", "-c", "2", "-t", "5"], &url).await.burst();
    assert_eq!((result.ok, result.failed), (6, 0), "{}", result.verdict.why);
}

/// The server leaves such a connection open, and reads nothing more from it.
#[tokio::test]
async fn a_connection_that_is_to_close_is_not_used_again() {
    for answer in [
        OK.replace("content-length", "connection: close\r\ncontent-length"),
        OK.replace("HTTP/1.1", "HTTP/1.0"),
    ] {
        let url = answering(answer.clone(), End::Silent).await;
        let result = three(&["-n", "6", "-c", "2", "-t", "5"], &url).await.burst();
        assert_eq!((result.ok, result.failed), (6, 0), "{answer:?}: {}", result.verdict.why);
    }
}

#[tokio::test]
async fn a_broken_answer_is_a_protocol_error() {
    let body = |head: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
    let chunked = |text: &str| body("transfer-encoding: chunked", text);
    let many: String = (0..1_100).map(|i| format!("x-{i}: {i}\r\n")).collect();
    for (answer, said) in [
        (body("content-length: 10", "half"), "the answer's body is not whole"),
        (chunked("5\r\nha"), "the answer's body is not whole"),
        (chunked("xyz\r\nok\r\n0\r\n\r\n"), "the answer's body is not whole"),
        (chunked("fffffffffffffffff\r\nok"), "the answer's body is not whole"),
        (body("content-length: 2\r\ncontent-length: 3", "ok"), "the answer's head is not valid"),
        (body("content-length: +2", "ok"), "the answer's head is not valid"),
        (
            body("content-length: 7\r\ntransfer-encoding: chunked", "2\r\nok\r\n0\r\n\r\n"),
            "both Content-Length and",
        ),
        (with_head(&many), "more than 1000 fields"),
        (with_head(&format!("x-long: {}\r\n", "a".repeat(1_000_000))), "larger than 408 KiB"),
        ("HTTP/1.1 200 OK\r\nx-a: b".to_owned(), "closed the connection in the answer's head"),
    ] {
        let run = three(&[], &answering(answer.clone(), End::Close).await).await;
        assert_eq!(run.code, Some(1), "{answer:.200}: {}", run.stderr);
        for request in run.burst().requests {
            assert_eq!(request.error_kind, Some(ErrorKind::Protocol), "{answer:.200}: {request:?}");
            assert!(request.error.as_deref().unwrap().contains(said), "{answer:.200}: {request:?}");
        }
    }
}
