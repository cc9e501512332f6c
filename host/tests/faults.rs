//! Guests that trap, loop, use too much memory or take too long don't harm other guests, and the log says what they did.

mod common;

use std::time::{Duration, Instant};

use testing::{CONFORMANCE, LAST_CHUNK, RawClient, eventually, get, ok};
use tokio::task::JoinSet;
use tokio::time::sleep;

use common::serve;

/// A server that has used this much processor time since a request computes for it.
const COMPUTES: Duration = Duration::from_millis(200);

#[tokio::test]
async fn an_aborted_response_does_not_look_complete() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--request-timeout", "2s"]);
        for (path, first) in [
            ("/panic-after", "first\n"),
            ("/stream?pieces=0&bytes=1&every_ms=50", "."),
            ("/await?ms=1", "awaited"),
        ] {
            let (neighbour, answer) = tokio::join!(server.get("/other/await?ms=1000"), async {
                RawClient::sent(
                    &server,
                    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                )
                .await
                .rest()
                .await
            });
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(first), "{manifest}: {answer}");
            let is_whole = answer.ends_with(LAST_CHUNK) || answer.contains("content-length");
            assert_eq!(is_whole, path == "/await?ms=1", "{manifest}: {path}: {answer}");
            assert_eq!(neighbour, ok("awaited"), "{manifest}: {path}");
        }
        assert_eq!(server.get("/else").await, ok("/else is fine\n"), "{manifest}");
        server.log_that_says(&["asked to panic after the first piece", "--request-timeout"]);
    }
}

#[tokio::test]
async fn a_trap_during_an_await_gets_500() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let (neighbour, trapped) =
            tokio::join!(server.get("/other/await?ms=1000"), server.get("/trap-late?ms=200"));
        assert_eq!(trapped, (500, String::new()), "{manifest}");
        assert_eq!(neighbour, ok("awaited"), "{manifest}");
        assert_eq!(server.get("/else").await, ok("/else is fine\n"), "{manifest}");
    }
}

#[tokio::test]
async fn a_guest_that_exceeds_its_memory_is_ended_and_the_log_says_why() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--max-instance-memory", "64MiB"]);
        assert_eq!(server.get("/other/eat?mib=30").await, ok("ate 30"), "{manifest}");
        assert_eq!(server.get("/eat?mib=0").await, (500, String::new()), "{manifest}");
        assert_eq!(server.get("/else").await, ok("/else is fine\n"), "{manifest}");
        server.log_that_says(&["component \"guest\"", "--max-instance-memory"]);
    }
}

#[tokio::test]
async fn guests_that_loop_share_the_processor_and_get_504() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--request-timeout", "5s"]);
        let before = server.process.cpu_time();
        let mut loops = JoinSet::new();
        for _ in 0..2 * std::thread::available_parallelism().unwrap().get() {
            loops.spawn(get(format!("{}/loop", server.url)));
        }
        eventually("the guests compute", || server.process.cpu_time() > before + COMPUTES).await;
        for path in ["/else", "/other/else"] {
            assert_eq!(server.get(path).await, ok(&format!("{path} is fine\n")), "{manifest}");
        }
        assert!(loops.try_join_next().is_none(), "{manifest}: the loops ended early");
        for looped in loops.join_all().await {
            assert_eq!(looped.unwrap().status(), 504, "{manifest}");
        }
        server.log_that_says(&["component \"guest\"", "--request-timeout"]);
    }
}

#[tokio::test]
async fn a_request_that_awaits_too_long_gets_504_and_others_in_its_instance_continue() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--request-timeout", "2s"]);
        let (late, neighbour) = tokio::join!(server.get("/await?ms=60000"), async {
            sleep(Duration::from_secs(1)).await;
            server.get("/await?ms=1500").await
        });
        assert_eq!(late, (504, String::new()), "{manifest}");
        assert_eq!(neighbour, ok("awaited"), "{manifest}");
        server.log_that_says(&["component \"guest\"", "--request-timeout"]);
    }
}

/// The first three requests share one of the two instances, since no request may wait.
#[tokio::test]
async fn a_request_that_blocks_its_shared_instance_fails_the_others_in_it_only() {
    let flags = ["--max-instances", "2", "--max-waiting", "0", "--request-timeout", "6s"];
    let server = serve(CONFORMANCE[1], &flags);
    let in_a_while = async |ms, path| {
        sleep(Duration::from_millis(ms)).await;
        server.get(path).await
    };
    let (looped, second, third, elsewhere) = tokio::join!(
        server.get("/await-loop?ms=3000"),
        in_a_while(1500, "/await?ms=60000"),
        in_a_while(2000, "/await?ms=60000"),
        in_a_while(2500, "/other/await?ms=5000"),
    );
    assert_eq!(looped, (504, String::new()));
    assert_eq!((second, third), ((500, String::new()), (500, String::new())));
    assert_eq!(elsewhere, ok("awaited"));
    assert_eq!(server.get("/else").await, ok("/else is fine\n"));
    server.log_that_says(&[
        "took longer than --request-timeout and blocked its instance; the instance was ended, with 2 other requests that it \
         held",
    ]);
}

/// The first requests wait, as in Spin, but not without end. Later requests don't wait.
#[tokio::test]
async fn requests_get_another_instance_if_theirs_is_blocked() {
    let server = serve(CONFORMANCE[1], &[]);
    let before = server.process.cpu_time();
    let looping = RawClient::get(&server, "/await-loop?ms=500").await;
    eventually("the guest loops", || server.process.cpu_time() > before + COMPUTES).await;
    let (first, second) = tokio::join!(server.get("/else"), server.get("/else"));
    assert_eq!((first, second), (ok("/else is fine\n"), ok("/else is fine\n")));
    // The pause is a part of the test: the other instance ends when it has been idle, which nobody outside can see.
    sleep(Duration::from_secs(3)).await;
    let began = Instant::now();
    assert_eq!(server.get("/else").await, ok("/else is fine\n"));
    assert!(began.elapsed() < Duration::from_secs(8), "it waited as the first did: {:?}", began.elapsed());
    drop(looping);
    server.log_that_says(&["component \"guest\"", "blocks its other requests; starting another instance"]);
}

#[tokio::test]
async fn a_response_that_streams_too_long_is_aborted_and_others_in_its_instance_continue() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--request-timeout", "2s"]);
        let neighbours = async {
            for _ in 0..6 {
                assert_eq!(server.get("/await?ms=500").await, ok("awaited"), "{manifest}");
            }
        };
        let stream = RawClient::get(&server, "/stream?pieces=0&bytes=4&every_ms=50").await;
        let (streamed, ()) = tokio::join!(stream.rest(), neighbours);
        assert!(streamed.starts_with("HTTP/1.1 200") && !streamed.ends_with(LAST_CHUNK), "{manifest}");
        server.log_that_says(&["--request-timeout"]);
    }
}

#[tokio::test]
async fn a_trap_gets_500_and_a_log_line_and_the_next_request_succeeds() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let response = testing::get(format!("{}/panic", server.url)).await.unwrap();
        assert_eq!(response.status(), 500, "{manifest}");
        assert_eq!(response.text().await.unwrap(), "", "{manifest}");
        let response = testing::get(format!("{}/else", server.url)).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "/else is fine\n", "{manifest}");

        server.log_that_says(&["asked to panic", "component \"guest\"", "unreachable"]);
    }
}
