//! Guests that trap, loop, eat or dawdle harm nobody but themselves, and the log says what they did.

mod common;

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use common::raw::{END, Raw};
use common::{CONFORMANCE, get, ok, serve};

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_complete() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--request-timeout", "2s"]);
        for (path, first) in [
            ("/panic-after", "first\n"),
            ("/stream?pieces=0&bytes=1&every_ms=50", "."),
            ("/await?ms=1", "awaited"),
        ] {
            let (neighbour, answer) = tokio::join!(served.get("/other/await?ms=1000"), async {
                Raw::sent(&served, format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                    .await
                    .rest()
                    .await
            });
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(first), "{manifest}: {answer}");
            let is_whole = answer.ends_with(END) || answer.contains("content-length");
            assert_eq!(is_whole, path == "/await?ms=1", "{manifest}: {path}: {answer}");
            assert_eq!(neighbour, ok("awaited"), "{manifest}: {path}");
        }
        assert_eq!(served.get("/else").await, ok("/else is fine\n"), "{manifest}");
        served.log_that_says(&["asked to panic after the first piece", "--request-timeout"]);
    }
}

#[tokio::test]
async fn a_late_trap_gets_500() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &[]);
        let (neighbour, trapped) =
            tokio::join!(served.get("/other/await?ms=1000"), served.get("/trap-late?ms=200"));
        assert_eq!(trapped, (500, String::new()), "{manifest}");
        assert_eq!(neighbour, ok("awaited"), "{manifest}");
        assert_eq!(served.get("/else").await, ok("/else is fine\n"), "{manifest}");
    }
}

#[tokio::test]
async fn a_guest_that_eats_memory_is_ended_and_the_log_says_why() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--max-instance-memory", "64MiB"]);
        assert_eq!(served.get("/other/eat?mib=30").await, ok("ate 30"), "{manifest}");
        assert_eq!(served.get("/eat?mib=0").await, (500, String::new()), "{manifest}");
        assert_eq!(served.get("/else").await, ok("/else is fine\n"), "{manifest}");
        served.log_that_says(&["component \"guest\"", "--max-instance-memory"]);
    }
}

#[tokio::test]
async fn guests_that_loop_leave_room_for_others_and_get_504() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--request-timeout", "5s"]);
        let mut loops = JoinSet::new();
        for _ in 0..2 * std::thread::available_parallelism().unwrap().get() {
            loops.spawn(get(format!("{}/loop", served.url)));
        }
        sleep(Duration::from_millis(500)).await;
        for path in ["/else", "/other/else"] {
            assert_eq!(served.get(path).await, ok(&format!("{path} is fine\n")), "{manifest}");
        }
        assert!(loops.try_join_next().is_none(), "{manifest}: nobody looped meanwhile");
        for looped in loops.join_all().await {
            assert_eq!(looped.unwrap().status(), 504, "{manifest}");
        }
        served.log_that_says(&["component \"guest\"", "--request-timeout"]);
    }
}

#[tokio::test]
async fn a_guest_that_awaits_too_long_gets_504_and_its_neighbours_go_on() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--request-timeout", "2s"]);
        let (late, neighbour) = tokio::join!(served.get("/await?ms=60000"), async {
            sleep(Duration::from_secs(1)).await;
            served.get("/await?ms=1500").await
        });
        assert_eq!(late, (504, String::new()), "{manifest}");
        assert_eq!(neighbour, ok("awaited"), "{manifest}");
        served.log_that_says(&["component \"guest\"", "--request-timeout"]);
    }
}

/// One after the other, in the one instance that there is room for.
#[tokio::test]
async fn a_request_that_loops_in_a_shared_instance_takes_those_in_it_down_and_no_other() {
    let flags = ["--max-instances", "2", "--max-waiting", "0", "--request-timeout", "6s"];
    let served = serve(CONFORMANCE[1], &flags);
    let in_a_while = async |ms, path| {
        sleep(Duration::from_millis(ms)).await;
        served.get(path).await
    };
    let (looped, second, third, elsewhere) = tokio::join!(
        served.get("/await-loop?ms=3000"),
        in_a_while(1500, "/await?ms=60000"),
        in_a_while(2000, "/await?ms=60000"),
        in_a_while(2500, "/other/await?ms=5000"),
    );
    assert_eq!(looped, (504, String::new()));
    assert_eq!((second, third), ((500, String::new()), (500, String::new())));
    assert_eq!(elsewhere, ok("awaited"));
    assert_eq!(served.get("/else").await, ok("/else is fine\n"));
    served.log_that_says(&[
        "took longer than --request-timeout, and let no other request go on; its instance was ended, and with it 2 \
         other requests",
    ]);
}

/// They wait, as in Spin, but not for ever; and those that come after them don't wait.
#[tokio::test]
async fn requests_behind_one_that_loops_are_given_another_instance() {
    let served = serve(CONFORMANCE[1], &[]);
    let looping = Raw::get(&served, "/await-loop?ms=500").await;
    sleep(Duration::from_secs(3)).await;
    let (first, second) = tokio::join!(served.get("/else"), served.get("/else"));
    assert_eq!((first, second), (ok("/else is fine\n"), ok("/else is fine\n")));
    // The other instance has idled for too long by then.
    sleep(Duration::from_secs(3)).await;
    let began = Instant::now();
    assert_eq!(served.get("/else").await, ok("/else is fine\n"));
    assert!(began.elapsed() < Duration::from_secs(8), "it waited as the first did: {:?}", began.elapsed());
    drop(looping);
    served.log_that_says(&["component \"guest\"", "lets no other request go on: another instance takes it"]);
}

#[tokio::test]
async fn an_answer_that_streams_for_too_long_is_broken_off_and_its_neighbours_go_on() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &["--request-timeout", "2s"]);
        let neighbours = async {
            for _ in 0..6 {
                assert_eq!(served.get("/await?ms=500").await, ok("awaited"), "{manifest}");
            }
        };
        let stream = Raw::get(&served, "/stream?pieces=0&bytes=4&every_ms=50").await;
        let (streamed, ()) = tokio::join!(stream.rest(), neighbours);
        assert!(streamed.starts_with("HTTP/1.1 200") && !streamed.ends_with(END), "{manifest}");
        served.log_that_says(&["--request-timeout"]);
    }
}
