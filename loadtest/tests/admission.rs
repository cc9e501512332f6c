//! Where there is no room for another instance, requests wait for it in order, or are turned away.

mod common;

use std::fs;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::time::sleep;

use common::raw::{Raw, soon};
use common::{CONFORMANCE, Served, get, ok, serve, wait_until};

/// One request at a time, in both versions of WASI.
const ALONE: [&str; 4] = ["--max-instances", "1", "--max-instance-reuse-count", "1"];
const ENDLESS: &str = "/stream?pieces=0&bytes=4&every_ms=50";

/// Serves one request at a time, of which the first never ends.
async fn occupied(manifest: &str, flags: &[&str]) -> (Served, Raw) {
    let served = serve(manifest, &[&ALONE[..], flags].concat());
    let mut first = Raw::get(&served, ENDLESS).await;
    first.until("....").await;
    (served, first)
}

fn times(count: usize, served: &Served, path: &str) -> impl Future<Output = Vec<(u16, String)>> {
    join_all((0..count).map(|_| served.get(path)).collect::<Vec<_>>())
}

#[tokio::test]
async fn the_surplus_waits_for_its_turn() {
    let served = serve(CONFORMANCE[0], &["--max-instances", "2"]);
    let began = Instant::now();
    assert_eq!(times(6, &served, "/sleep?ms=300").await, vec![ok("slept"); 6]);
    assert!(began.elapsed() >= Duration::from_millis(900), "more than two at a time: {:?}", began.elapsed());
}

/// While one is blocked, what the others of its instance await comes in.
#[tokio::test]
async fn the_one_instance_has_room_for_calls_that_block_and_calls_that_await() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--max-instances", "1"]);
        let (awaited, held) =
            tokio::join!(times(8, &served, "/await?ms=150"), times(4, &served, "/hold?ms=100"));
        assert_eq!((awaited, held), (vec![ok("awaited"); 8], vec![ok("held"); 4]), "{manifest}");
    }
}

#[tokio::test]
async fn those_that_wait_are_served_in_the_order_of_their_arrival() {
    for manifest in CONFORMANCE {
        let folder = tempfile::tempdir().unwrap();
        let (served, first) = occupied(manifest, &["--log-dir", folder.path().to_str().unwrap()]).await;
        let mut waiting = vec![];
        for n in 0..5 {
            let component = if n % 2 == 0 { "" } else { "/other" };
            waiting.push(Raw::get(&served, &format!("{component}/stdio?text={n}")).await);
            sleep(Duration::from_millis(200)).await;
        }
        drop(first);
        for client in &mut waiting {
            assert!(client.until("printed").await.starts_with("HTTP/1.1 200"), "{manifest}");
        }
        let log = served.log_that_says(&["4\n4\n"]);
        let order: Vec<&str> = log.lines().filter(|line| line.len() == 1).collect();
        assert_eq!(order, ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4"], "{manifest}: {log}");
        let kept = || fs::read_to_string(folder.path().join("guest_stdout.txt")).unwrap();
        wait_until("the log is written", || kept() == "0\n2\n4\n");
    }
}

#[tokio::test]
async fn more_than_may_wait_are_turned_away() {
    for manifest in CONFORMANCE {
        let (served, first) = occupied(manifest, &["--max-waiting", "1"]).await;
        let url = format!("{}/else", served.url);
        let (one, other) = (tokio::spawn(get(url.clone())), tokio::spawn(get(url)));
        let (refused, waiting) = match soon("one is refused", futures::future::select(one, other)).await {
            futures::future::Either::Left((refused, waiting)) => (refused, waiting),
            futures::future::Either::Right((refused, waiting)) => (refused, waiting),
        };
        let refused = refused.unwrap().unwrap();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (503, &"1".parse().unwrap())
        );
        assert!(!waiting.is_finished(), "{manifest}");
        drop(first);
        assert_eq!(soon("its turn comes", waiting).await.unwrap().unwrap().status(), 200, "{manifest}");
    }
}

#[tokio::test]
async fn who_waits_too_long_is_turned_away() {
    for manifest in CONFORMANCE {
        let (served, first) = occupied(manifest, &["--queue-timeout", "200ms"]).await;
        let refused = soon("it is refused", get(format!("{}/else", served.url))).await.unwrap();
        assert_eq!(refused.status(), 503, "{manifest}");
        assert!(refused.headers().contains_key("retry-after"), "{manifest}");
        drop(first);
        served.log_that_says(&["--queue-timeout"]);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_while_it_waits_frees_its_place() {
    let moment = Duration::from_millis(500);
    for manifest in CONFORMANCE {
        let (served, first) = occupied(manifest, &["--max-waiting", "1"]).await;
        let mut waiting = Raw::get(&served, "/else").await;
        assert!(!waiting.hears_within(moment).await, "{manifest}");
        assert_eq!(served.get("/else").await.0, 503, "{manifest}");
        drop(waiting);
        let mut next = Raw::get(&served, "/else").await;
        let place = async {
            // Until the server has seen that the other is gone.
            while next.hears_within(moment).await {
                next = Raw::get(&served, "/else").await;
            }
        };
        soon("a place is free", place).await;
        drop(first);
        assert!(next.until("fine").await.starts_with("HTTP/1.1 200"), "{manifest}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_instance() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--max-instances", "1"]);
        for path in ["/sleep?ms=600000", "/await?ms=600000", "/loop", "/await-loop?ms=1", ENDLESS] {
            let client = Raw::get(&served, path).await;
            sleep(Duration::from_millis(500)).await;
            drop(client);
            // Another component's: no instance is shared.
            let next = soon(path, served.get("/other/else")).await;
            assert_eq!(next, ok("/other/else is fine\n"), "{manifest}: {path}");
        }
        // It was no failure of the guest's.
        let log = served.log();
        assert!(!log.contains("ERROR"), "{manifest}: {log}");
    }
}

const SHARED: [&str; 4] = ["--max-instances", "1", "--max-waiting", "0"];

#[tokio::test]
async fn an_instance_that_others_use_goes_on_when_one_client_goes_away() {
    let served = serve(CONFORMANCE[1], &SHARED);
    let first = Raw::get(&served, "/await?ms=600000").await;
    sleep(Duration::from_millis(500)).await;
    let (shares, ()) = tokio::join!(served.get("/await?ms=2000"), async {
        sleep(Duration::from_millis(500)).await;
        drop(first);
    });
    assert_eq!(shares, ok("awaited"));
}

#[tokio::test]
async fn requests_that_await_share_an_instance() {
    let served = serve(CONFORMANCE[1], &["--max-instances", "1"]);
    let began = Instant::now();
    assert_eq!(times(10, &served, "/await?ms=2000").await, vec![ok("awaited"); 10]);
    assert!(began.elapsed() < Duration::from_secs(15), "one after the other: {:?}", began.elapsed());
}

#[tokio::test]
async fn an_instance_without_a_request_gives_way_to_another_component() {
    let flags = ["--max-instances", "1", "--idle-instance-timeout", "600s"];
    let served = serve(CONFORMANCE[1], &flags);
    for _ in 0..3 {
        for path in ["/else", "/other/else"] {
            let answer = soon("the idle one gives way", served.get(path)).await;
            assert_eq!(answer, ok(&format!("{path} is fine\n")));
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_behind_what_nobody_reads_frees_its_place() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &ALONE);
        for path in ["/sleep?ms=60000", "/await?ms=60000"] {
            let request =
                format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf of it");
            let client = Raw::sent(&served, request).await;
            sleep(Duration::from_millis(300)).await;
            drop(client);
            assert_eq!(
                soon("its place is free", served.get("/else")).await,
                ok("/else is fine\n"),
                "{manifest}"
            );
        }
    }
}
