//! Servers that don't speak HTTP/1.1, don't answer well, or aren't there: no requests are refused, and the exit code says so.

use judge::trace::ErrorKind;
use judge::verdict::Kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::{End, answering, read_head, serve, three};

#[tokio::test]
async fn a_burst_without_a_good_answer_is_inconclusive_and_exits_with_1() {
    for (answer, end, said) in [
        (
            "SSH-2.0-OpenSSH_9.6\r\n",
            End::Silent,
            "this is not HTTP/1.1: the answer begins with \"SSH-2.0-OpenSSH_9.6\"",
        ),
        ("<html>HTTP/0.9", End::Close, "begins with \"<html>HTTP/0.9\""),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", End::Close, "the answer's body is not whole"),
        (
            "HTTP/1.1 301 Moved Permanently\r\nlocation: /new\r\ncontent-length: 0\r\n\r\n",
            End::Next,
            "3 of 3 requests failed (status 301)",
        ),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            End::Next,
            "3 of 3 requests failed (status 404)",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
            End::Next,
            "3 of 3 requests failed (status 401)",
        ),
        (
            "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n",
            End::Close,
            "3 of 3 requests failed (status 408)",
        ),
        ("", End::Close, "the server closed the connection before an answer came"),
    ] {
        let run = three(&[], &answering(answer, end).await).await;
        assert_eq!(run.code, Some(1), "{answer:?}: {}", run.stdout);
        let burst = run.burst();
        assert_eq!((burst.ok, burst.failed, burst.refused), (0, 3, 0), "{answer:?}");
        assert_eq!(burst.verdict.kind, Kind::Inconclusive, "{answer:?}");
        assert!(burst.verdict.why.contains(said), "{answer:?}: {}", burst.verdict.why);
    }
}

/// The banner comes at the connect, before the request is sent.
#[tokio::test]
async fn a_banner_before_the_request_is_a_failure_of_its_own_kind() {
    let authority = serve(async |mut stream| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    let run = three(&[], &format!("http://{authority}/")).await;
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for request in run.burst().requests {
        assert_eq!(request.error_kind, Some(ErrorKind::Protocol), "{request:?}");
        assert!(request.error.as_deref().unwrap().contains("\"220 mail.example ESMTP\""), "{request:?}");
        assert!(request.done_us >= 0.0, "{request:?}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_reaches_is_exit_3() {
    let run = three(&[], "http://127.0.0.1:1/").await;
    assert_eq!(run.code, Some(3), "{}", run.stdout);
    let burst = run.burst();
    assert_eq!((burst.verdict.kind, burst.refused), (Kind::Inconclusive, 0));
    assert!(burst.verdict.why.contains("no request reached the server"), "{}", burst.verdict.why);
}

#[tokio::test]
async fn statuses_of_load_are_refusals_and_counted_as_such() {
    for status in ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"] {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let run = three(&["--expect", "refused=3"], &answering(answer, End::Next).await).await;
        // 4: the machine may be busy.
        assert!(matches!(run.code, Some(0 | 4)), "{status}: {}", run.stderr);
        assert!(run.stdout.contains("0 answered, 3 failed (3 refused)"), "{}", run.stdout);
        let burst = run.burst();
        assert_eq!((burst.verdict.kind, burst.failed, burst.refused), (Kind::Refused, 3, 3), "{status}");
    }
}

#[tokio::test]
async fn redirects_are_no_refusals_beside_answers() {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let authority = serve(move |mut stream| {
        let number = turn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            if read_head(&mut stream).await.is_some() {
                let status = if number == 0 { "302 Found\r\nlocation: http://a.example/" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
                std::future::pending::<()>().await;
            }
        }
    })
    .await;
    let run = three(&[], &format!("http://{authority}/")).await;
    assert!(run.stderr.contains("an answer had status 302 (Location: http://a.example/)"), "{}", run.stderr);
    let burst = run.burst();
    assert_eq!((burst.ok, burst.failed, burst.refused), (2, 1, 0));
    assert!(burst.verdict.why.starts_with("1 of 3 requests failed (status 302)."), "{}", burst.verdict.why);
}
