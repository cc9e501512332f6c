//! The server disconnects clients that are too slow or send too much, and waits for slow guests.

mod common;

use std::time::Duration;

use testing::{CONFORMANCE, RawClient, Server, ok, within_timeout};

use common::serve;

/// Flags with long client timeouts, except those in `flags`.
fn with_long_timeouts(flags: &[&'static str]) -> Vec<&'static str> {
    let mut all_flags = vec![];
    for flag in ["--header-timeout", "--idle-timeout", "--body-timeout"] {
        if !flags.contains(&flag) {
            all_flags.extend([flag, "600s"]);
        }
    }
    all_flags.extend(flags);
    all_flags
}

const HEAD: &str = "Host: a\r\n\r\n";

#[tokio::test]
async fn a_client_with_an_incomplete_header_is_disconnected() {
    let server = serve(CONFORMANCE[0], &with_long_timeouts(&["--header-timeout", "1s"]));
    let half = RawClient::sent(&server, "GET /else HTTP/1.1\r\nHos").await;
    assert_eq!(half.rest().await, "");
    // The same after a complete request.
    let mut second = RawClient::get(&server, "/else").await;
    second.until("fine").await;
    second.send("GET /else HT").await;
    second.rest().await;
    // A header that comes byte by byte.
    let mut slow = RawClient::connect(&server).await;
    let trickle = async {
        loop {
            slow.send("G").await;
            if slow.hears_within(Duration::from_millis(200)).await {
                return;
            }
        }
    };
    within_timeout("a client with an endless header is disconnected", trickle).await;
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let server = serve(CONFORMANCE[0], &with_long_timeouts(&["--idle-timeout", "1s"]));
    assert_eq!(RawClient::connect(&server).await.rest().await, "");
    let kept_alive = RawClient::get(&server, "/else").await.rest().await;
    assert!(kept_alive.contains("/else is fine"), "{kept_alive}");
}

#[tokio::test]
async fn a_client_that_stops_sending_a_body_is_disconnected() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &with_long_timeouts(&["--body-timeout", "1s"]));
        for head in ["Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"] {
            let request = format!("POST /body-size HTTP/1.1\r\n{head}{HEAD}3\r\nabc\r\n");
            let answer = RawClient::sent(&server, request).await.rest().await;
            assert!(!answer.contains(" 200 "), "{manifest}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_a_response_is_disconnected_and_its_instance_ended() {
    let one_at_a_time = ["--max-instances", "1", "--max-instance-reuse-count", "1"];
    for manifest in CONFORMANCE {
        let flags = [&with_long_timeouts(&["--body-timeout", "1s"])[..], &one_at_a_time].concat();
        let server = serve(manifest, &flags);
        let mut stuck = RawClient::get(&server, "/stream?pieces=0&bytes=65536&every_ms=0").await;
        stuck.until("....").await;
        // It gets a permit only after the other instance has ended.
        let next = within_timeout("the instance is ended", server.get("/else")).await;
        assert_eq!(next, ok("/else is fine\n"), "{manifest}");
        stuck.rest().await;
    }
}

#[tokio::test]
async fn client_timeouts_do_not_apply_to_a_slow_guest() {
    let short = ["--header-timeout", "1s", "--idle-timeout", "1s", "--body-timeout", "1s"];
    for manifest in CONFORMANCE {
        let server = serve(manifest, &short);
        let (slept, awaited, streamed, unread) = tokio::join!(
            server.get("/sleep?ms=2500"),
            server.get("/other/await?ms=2500"),
            server.get("/stream?pieces=2&bytes=3&every_ms=2500"),
            unread_body(&server),
        );
        assert_eq!((slept, awaited), (ok("slept"), ok("awaited")), "{manifest}");
        assert_eq!(streamed, ok("......"), "{manifest}");
        assert!(unread.contains("slept"), "{manifest}: {unread}");
    }
}

/// A request with a body that the guest reads late.
async fn unread_body(server: &Server) -> String {
    let request = format!("POST /sleep?ms=2500 HTTP/1.1\r\nContent-Length: 2\r\n{HEAD}");
    let mut client = RawClient::sent(server, request).await;
    client.until("slept").await
}

#[tokio::test]
async fn a_client_that_sends_a_body_slowly_is_not_disconnected() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &with_long_timeouts(&["--body-timeout", "3s"]));
        let request = format!("POST /body-size HTTP/1.1\r\nContent-Length: 12\r\n{HEAD}");
        let mut client = RawClient::sent(&server, request).await;
        for _ in 0..12 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            client.send("x").await;
        }
        let answer = client.until("12").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{manifest}: {answer}");
    }
}

#[tokio::test]
async fn a_header_that_is_too_large_gets_431() {
    let server = serve(CONFORMANCE[0], &["--max-header-size", "16KiB"]);
    for (name, headers, status) in [
        ("long", format!("X: {}\r\n", "x".repeat(20 << 10)), 431),
        ("many", "X: y\r\n".repeat(1000), 431),
        ("in one piece", format!("X: {}\r\n", "x".repeat(17 << 10)), 431),
        ("fine", format!("X: {}\r\n", "x".repeat(10 << 10)), 200),
    ] {
        let request = format!("GET /else HTTP/1.1\r\n{headers}{HEAD}");
        let answer = RawClient::sent(&server, request).await.until("\r\n\r\n").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_rejected_or_fails_in_the_guest() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--max-body-size", "1MiB"]);
        let post = |body: Vec<u8>| {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            client.post(format!("{}/body-size", server.url)).body(body).send()
        };
        assert_eq!(post(vec![0; 1 << 20]).await.unwrap().text().await.unwrap(), "1048576", "{manifest}");
        let declared = format!("POST /body-size HTTP/1.1\r\nContent-Length: 1048577\r\n{HEAD}");
        let answer = RawClient::sent(&server, declared).await.until("\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{manifest}: {answer}");

        let mut chunked = RawClient::sent(
            &server,
            format!("POST /body-size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{HEAD}"),
        )
        .await;
        for _ in 0..5 {
            chunked.send(format!("40000\r\n{}\r\n", "x".repeat(0x40000))).await;
        }
        let answer = chunked.until("error").await;
        assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains("error: "), "{manifest}: {answer}");
    }
}
