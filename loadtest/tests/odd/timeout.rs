//! Answers that come late, or have no end.

use judge::trace::ErrorKind;

use super::server::{End, OK, answering, three};
use crate::common::burst_run::burst;

#[tokio::test]
async fn a_late_answer_says_what_came_of_it() {
    for (answer, begin, end) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
            "answered its head after ",
            "no end of the body within 2 s",
        ),
        ("HTTP/1.1 200 OK\r\n\r\nno length", "answered its head after ", "no end of the body within 2 s"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal",
            "answered its head after ",
            "no end of the body within 2 s",
        ),
        ("HTTP/1.1 200 OK\r\nx-a: b\r\n", "began its answer after ", "no end of the head within 2 s"),
        ("", "no answer within 2 s", ""),
    ] {
        let url = answering(answer, End::Silent).await;
        let run = three(&[], &url).await;
        // 4: the machine may be busy, so that it isn't sure whose doing it is.
        assert!(matches!(run.code, Some(1 | 4)), "{}", run.stderr);
        let result = run.burst();
        for request in &result.requests {
            assert_eq!(request.error_kind, Some(ErrorKind::Timeout), "{request:?}");
            let error = request.error.as_deref().unwrap();
            assert!(error.starts_with(begin) && error.ends_with(end), "{error}");
        }
        assert_eq!(result.errors.len(), 1, "the same failure is told once: {:?}", result.errors);
        assert!(
            result.verdict.why.starts_with("3 of 3 requests were not answered in their time ("),
            "{}",
            result.verdict.why
        );
    }
    let url = answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", End::Silent).await;
    let alone = burst(&["-n", "3", "-t", "1", &url]).await;
    assert!(alone.stderr.contains("got no whole answer: answered its head after "), "{}", alone.stderr);
}

#[tokio::test]
async fn the_time_limit_suffices_for_a_server_that_takes_one_at_a_time() {
    let url = answering(OK, End::Next).await;
    let args = ["-n", "200", "-c", "50", "--service-ms", "500", url.as_str()];
    let raised = burst(&args).await;
    let would = "A server that takes one request at a time would need 25.0 s for 50 requests.";
    let said = format!("{would} The time limit for a request is raised to 50 s (-t).");
    assert!(raised.stderr.contains(&said), "{}", raised.stderr);
    let given = burst(&[&["-t", "20"][..], &args].concat()).await;
    assert!(given.stderr.contains(&format!("{would} Requests end after 20 s (-t).")), "{}", given.stderr);
    let enough = burst(&["-n", "50", "-c", "50", "--service-ms", "300", &url]).await;
    assert!(!enough.stderr.contains("one request at a time"), "{}", enough.stderr);
}
