//! Requests wait in order for an instance, or are rejected, when no other instance may be created.

mod common;

use std::fs;
use std::time::{Duration, Instant};

use futures_util::future::{Either, join_all, select};
use testing::{CONFORMANCE, LAST_CHUNK, RawClient, Server, get, ok, wait_until, within_timeout};

use common::{PROGRAM, serve};

/// One request at a time, in both versions of WASI.
const ONE_AT_A_TIME: [&str; 4] = ["--max-instances", "1", "--max-instance-reuse-count", "1"];
const ENDLESS: &str = "/stream?pieces=0&bytes=4&every_ms=50";

/// Serves one request at a time. The first request is running and never ends.
async fn occupied(manifest: &str, flags: &[&str]) -> (Server, RawClient) {
    let server = serve(manifest, &[&ONE_AT_A_TIME[..], flags].concat());
    let mut first = RawClient::get(&server, ENDLESS).await;
    first.until("....").await;
    (server, first)
}

/// Sends requests until one waits in the queue, and returns its client. A request before that got its response, because
/// the instance was not occupied yet.
async fn queued(server: &mut Server, path: &str) -> RawClient {
    const MESSAGE: &str = "a request waits for an instance";
    within_timeout("a request waits in the queue", async {
        loop {
            let waited = server.count_in_log(MESSAGE);
            let mut client = RawClient::get(server, path).await;
            while !client.hears_within(Duration::from_millis(20)).await {
                if server.count_in_log(MESSAGE) > waited {
                    return client;
                }
            }
        }
    })
    .await
}

fn repeated(count: usize, server: &Server, path: &str) -> impl Future<Output = Vec<(u16, String)>> {
    join_all((0..count).map(|_| server.get(path)).collect::<Vec<_>>())
}

#[tokio::test]
async fn requests_beyond_the_limit_wait_for_an_instance() {
    let server = serve(CONFORMANCE[0], &["--max-instances", "2"]);
    let started = Instant::now();
    assert_eq!(repeated(6, &server, "/sleep?ms=300").await, vec![ok("slept"); 6]);
    let elapsed = started.elapsed();
    assert!(elapsed >= Duration::from_millis(900), "more than two at a time: {elapsed:?}");
}

/// While one call blocks, the instance takes results for its other calls.
#[tokio::test]
async fn a_single_instance_has_stacks_for_calls_that_block_and_calls_that_await() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--max-instances", "1"]);
        let (awaited, held) =
            tokio::join!(repeated(8, &server, "/await?ms=150"), repeated(4, &server, "/hold?ms=100"));
        assert_eq!((awaited, held), (vec![ok("awaited"); 8], vec![ok("held"); 4]), "{manifest}");
    }
}

#[tokio::test]
async fn waiting_requests_are_served_in_the_order_of_arrival() {
    for manifest in CONFORMANCE {
        let folder = tempfile::tempdir().unwrap();
        let (mut server, first) = occupied(manifest, &["--log-dir", folder.path().to_str().unwrap()]).await;
        let mut waiting = vec![];
        for n in 0..5 {
            let component = if n % 2 == 0 { "" } else { "/other" };
            waiting.push(queued(&mut server, &format!("{component}/stdio?text={n}")).await);
        }
        drop(first);
        for client in &mut waiting {
            assert!(client.until("printed").await.starts_with("HTTP/1.1 200"), "{manifest}");
        }
        let log = server.log_that_says(&["4\n4\n"]);
        let order: Vec<&str> = log.lines().filter(|line| line.len() == 1).collect();
        assert_eq!(order, ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4"], "{manifest}: {log}");
        let written = || fs::read_to_string(folder.path().join("guest_stdout.txt")).unwrap();
        wait_until("the log is written", || written() == "0\n2\n4\n");
    }
}

#[tokio::test]
async fn a_request_is_rejected_if_the_queue_is_full() {
    for manifest in CONFORMANCE {
        let (server, first) = occupied(manifest, &["--max-waiting", "1"]).await;
        let url = format!("{}/else", server.url);
        let (one, other) = (tokio::spawn(get(url.clone())), tokio::spawn(get(url)));
        let (rejected, waiting) = match within_timeout("one request is rejected", select(one, other)).await {
            Either::Left((rejected, waiting)) | Either::Right((rejected, waiting)) => (rejected, waiting),
        };
        let rejected = rejected.unwrap().unwrap();
        assert_eq!(
            (rejected.status().as_u16(), &rejected.headers()["retry-after"]),
            (503, &"1".parse().unwrap())
        );
        assert!(!waiting.is_finished(), "{manifest}");
        drop(first);
        let response = within_timeout("the other request is served", waiting).await.unwrap().unwrap();
        assert_eq!(response.status(), 200, "{manifest}");
    }
}

#[tokio::test]
async fn a_request_is_rejected_after_the_queue_timeout() {
    for manifest in CONFORMANCE {
        let (server, first) = occupied(manifest, &["--queue-timeout", "200ms"]).await;
        let url = format!("{}/else", server.url);
        let rejected = within_timeout("the request is rejected", get(url)).await.unwrap();
        assert_eq!(rejected.status(), 503, "{manifest}");
        assert!(rejected.headers().contains_key("retry-after"), "{manifest}");
        drop(first);
        server.log_that_says(&["--queue-timeout"]);
    }
}

#[tokio::test]
async fn a_client_that_disconnects_while_its_request_waits_leaves_the_queue() {
    for manifest in CONFORMANCE {
        let (mut server, first) = occupied(manifest, &["--max-waiting", "1"]).await;
        let waiting = queued(&mut server, "/else").await;
        assert_eq!(server.get("/else").await.0, 503, "{manifest}");
        drop(waiting);
        // Requests are rejected until the server has noticed the disconnect.
        let mut next = queued(&mut server, "/else").await;
        drop(first);
        assert!(next.until("fine").await.starts_with("HTTP/1.1 200"), "{manifest}");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_ends_its_instance() {
    for manifest in CONFORMANCE {
        let mut server = serve(manifest, &["--max-instances", "1"]);
        for path in ["/sleep?ms=600000", "/await?ms=600000", "/loop", "/await-loop?ms=1", ENDLESS] {
            let client = RawClient::get(&server, path).await;
            // A request for another component, because instances of one component may be shared.
            let mut next = queued(&mut server, "/other/else").await;
            drop(client);
            let response = next.until("fine").await;
            assert!(response.starts_with("HTTP/1.1 200"), "{manifest}: {path}: {response}");
        }
        // The guest has not failed.
        let log = server.log();
        assert!(!log.contains("ERROR"), "{manifest}: {log}");
    }
}

#[tokio::test]
async fn a_shared_instance_continues_when_one_client_disconnects() {
    // Without a queue, the second request is rejected unless it shares the instance.
    let server = serve(CONFORMANCE[1], &["--max-instances", "1", "--max-waiting", "0"]);
    let mut first = RawClient::get(&server, ENDLESS).await;
    first.until("....").await;
    let mut second = RawClient::get(&server, "/stream?pieces=40&bytes=4&every_ms=50").await;
    let start = second.until("....").await;
    assert!(start.starts_with("HTTP/1.1 200") && !start.ends_with(LAST_CHUNK), "{start}");
    drop(first);
    let rest = second.until(LAST_CHUNK).await;
    assert!(rest.ends_with(LAST_CHUNK), "{rest}");
}

#[tokio::test]
async fn requests_that_await_share_an_instance() {
    let server = serve(CONFORMANCE[1], &["--max-instances", "1"]);
    let started = Instant::now();
    assert_eq!(repeated(10, &server, "/await?ms=2000").await, vec![ok("awaited"); 10]);
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(15), "one after the other: {elapsed:?}");
}

#[tokio::test]
async fn an_idle_instance_is_evicted_for_another_component() {
    let flags = ["--max-instances", "1", "--idle-instance-timeout", "600s"];
    let server = serve(CONFORMANCE[1], &flags);
    for _ in 0..3 {
        for path in ["/else", "/other/else"] {
            let response = within_timeout("the idle instance is evicted", server.get(path)).await;
            assert_eq!(response, ok(&format!("{path} is fine\n")));
        }
    }
}

#[tokio::test]
async fn a_client_that_disconnects_behind_unread_input_ends_its_instance() {
    for manifest in CONFORMANCE {
        let mut server = serve(manifest, &ONE_AT_A_TIME);
        for path in ["/sleep?ms=60000", "/await?ms=60000"] {
            let request =
                format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf of it");
            let client = RawClient::sent(&server, request).await;
            let mut next = queued(&mut server, "/else").await;
            drop(client);
            let response = next.until("fine").await;
            assert!(response.starts_with("HTTP/1.1 200"), "{manifest}: {path}: {response}");
        }
    }
}

/// Many times longer than a time slice, so that instances are created in the course of several.
#[tokio::test]
async fn slots_are_made_ready_in_the_background() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--warm", "500", "--max-instances", "500"]);
        let served = within_timeout("a request goes first", server.get("/else")).await;
        assert_eq!(served, ok("/else is fine\n"), "{manifest}");
        server.log_that_says(&[" instances are warm, after ", " MiB more are resident"]);
    }
    let flags = ["--listen", "127.0.0.1:0", "--warm", "6", "--max-instances", "5"];
    let output = PROGRAM.output(&[&["serve", CONFORMANCE[0]], &flags[..]].concat());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("--warm 6 is more than the 5 instances that there can be (--max-instances)"),
        "{error}"
    );
}
