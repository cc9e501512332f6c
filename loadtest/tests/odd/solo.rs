//! A request alone without a good answer: the error says what helps.

use super::server::{End, answering};
use crate::common::burst_run::{BurstRun, burst};

async fn alone(status: &str, headers: &str, body: &str, args: &[&str]) -> BurstRun {
    let answer = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    let url = answering(answer, End::Next).await;
    burst(&[&["-n", "3", "-t", "5"], args, &[&url]].concat()).await
}

#[tokio::test]
async fn the_error_of_a_request_alone_says_what_helps() {
    for (status, headers, body, args, said) in [
        (
            "301 Moved Permanently",
            "location: https://a.example/new\r\n",
            "",
            &[][..],
            "got status 301 (Location: https://a.example/new); redirects are not followed: use that URL",
        ),
        (
            "401 Unauthorized",
            "www-authenticate: Basic realm=\"x\"\r\n",
            "",
            &[],
            "got status 401 (WWW-Authenticate: Basic realm=\"x\"); give -a USER:PASSWORD",
        ),
        ("401 Unauthorized", "", "", &["-a", "u:p"], "the server doesn't accept these credentials"),
        (
            "405 Method Not Allowed",
            "allow: POST\r\n",
            "",
            &[],
            "got status 405 (Allow: POST); choose the method by -m",
        ),
        (
            "404 Not Found",
            "",
            "\nno such page\nmore",
            &[],
            "got status 404: no such page; check the URL, or count it as good by --status 2xx,404",
        ),
        ("403 Forbidden", "", "<!DOCTYPE html>", &[], "got status 403; check the request"),
        ("500 Internal Server Error", "", "out of tea", &[], "got status 500: out of tea"),
        ("503 Service Unavailable", "retry-after: 30\r\n", "", &[], "got status 503 (Retry-After: 30)"),
    ] {
        let run = alone(status, headers, body, args).await;
        assert!(run.stderr.contains(said), "{status}: {}", run.stderr);
        assert!(run.document.is_none() && run.code == Some(3), "{status}: {:?}", run.code);
    }
}

#[tokio::test]
async fn a_body_without_a_method_is_sent_by_get_as_in_hey() {
    let run = alone("405 Method Not Allowed", "allow: POST\r\n", "", &["-d", "{}"]).await;
    assert!(run.stderr.contains("the method is GET, as in hey. -m POST sends it by POST"), "{}", run.stderr);
}
