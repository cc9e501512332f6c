//! Every endpoint of the lab's two applications, over HTTP.

mod common;

use std::collections::HashSet;
use std::time::Duration;

use endpoint::Reply;
use testing::{MANIFESTS, Server, within_timeout};

use common::serve;

const STYLES: [(&str, &str); 7] = [
    ("/e1/p1", "sync"),
    ("/e1/p2", "async-blocking"),
    ("/e2/p1", "sync"),
    ("/e2/p2", "async-blocking"),
    ("/e2/p3", "async-awaiting"),
    ("/e2/p4", "await-then-block"),
    ("/e2/p5", "cpu"),
];

async fn get(server: &Server, path: &str) -> Reply {
    let response = testing::get(format!("{}{path}", server.url)).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn every_endpoint_responds_with_its_evidence() {
    for manifest in MANIFESTS {
        let server = serve(manifest, &[]);
        for (path, style) in STYLES {
            let reply = get(&server, &format!("{path}?wait_ms=20")).await;
            assert_eq!(reply.endpoint, path[1..].replace('/', "-"));
            assert_eq!(
                (reply.style.as_str(), reply.wait_ms, reply.served, reply.in_flight),
                (style, 20, 1, 1),
                "{path}"
            );
            assert!(
                reply.instance.len() == 16 && reply.instance.chars().all(|digit| digit.is_ascii_hexdigit())
            );
            let waited_ms = (reply.left_unix_ns - reply.entered_unix_ns) as f64 / 1e6;
            // The CPU style does a fixed amount of work, not a fixed time.
            assert!(waited_ms >= 20.0 || style == "cpu", "{path} waited {waited_ms} ms");
        }
    }
}

#[tokio::test]
async fn without_a_query_the_wait_is_that_of_the_manifest() {
    for manifest in MANIFESTS {
        assert_eq!(get(&serve(manifest, &[]), "/e2/p1").await.wait_ms, 1_000);
    }
}

#[tokio::test]
async fn an_invalid_wait_gets_400_and_a_line_that_says_what_is_allowed() {
    for manifest in MANIFESTS {
        let server = serve(manifest, &[]);
        for (path, _) in STYLES {
            for query in ["wait_ms=abc", "wait_ms=60001", "wait=1"] {
                let response = testing::get(format!("{}{path}?{query}", server.url)).await.unwrap();
                assert_eq!(response.status(), 400);
                let body = response.text().await.unwrap();
                assert_eq!(
                    body,
                    format!(
                        "bad query \"?{query}\": allowed is ?wait_ms=N, N being milliseconds from 0 to 60000\n"
                    )
                );
            }
        }
    }
}

/// Sends ten requests at once.
async fn send_ten(server: &Server, path: &str) -> Vec<Reply> {
    let requests = (0..10).map(|_| get(server, path));
    futures_util::future::join_all(requests).await
}

/// The number of instances that sent the replies.
fn instances(replies: &[Reply]) -> usize {
    replies.iter().map(|reply| &reply.instance).collect::<HashSet<_>>().len()
}

#[tokio::test]
async fn every_wasip2_request_has_its_own_instance() {
    let server = serve("spin.toml", &[]);
    for (path, _) in STYLES {
        let replies = send_ten(&server, &format!("{path}?wait_ms=50")).await;
        assert_eq!(instances(&replies), 10, "{path}");
        assert!(replies.iter().all(|reply| reply.served == 1 && reply.in_flight == 1), "{path}");
    }
}

#[tokio::test]
async fn wasip3_requests_share_instances_within_the_limits_of_the_flags() {
    let one_after_the_other = async |flags: &[&str]| {
        let server = serve("spin-wasip3.toml", flags);
        let mut replies = Vec::new();
        for _ in 0..4 {
            replies.push(get(&server, "/e2/p3?wait_ms=0").await);
        }
        (instances(&replies), replies.iter().map(|reply| reply.served).collect::<Vec<_>>())
    };
    assert_eq!(one_after_the_other(&["--idle-instance-timeout", "60s"]).await, (1, vec![1, 2, 3, 4]));
    assert_eq!(
        one_after_the_other(&["--max-instance-reuse-count", "2", "--idle-instance-timeout", "60s"]).await.1,
        [1, 2, 1, 2]
    );
    assert_eq!(one_after_the_other(&["--max-instance-reuse-count", "1"]).await, (4, vec![1; 4]));

    let server = serve("spin-wasip3.toml", &["--max-instance-concurrent-reuse-count", "2"]);
    let replies = send_ten(&server, "/e2/p3?wait_ms=300").await;
    assert!(instances(&replies) >= 5, "at most two at once in an instance");
}

#[tokio::test]
async fn an_instance_is_dropped_after_the_idle_timeout() {
    let server = serve("spin-wasip3.toml", &["--idle-instance-timeout", "50ms"]);
    let before = get(&server, "/e2/p3?wait_ms=0").await;
    within_timeout("another instance serves", async {
        loop {
            // Each request starts the idle time again, so that the pauses are longer than the timeout.
            tokio::time::sleep(Duration::from_millis(200)).await;
            if get(&server, "/e2/p3?wait_ms=0").await.instance != before.instance {
                return;
            }
        }
    })
    .await;
}
