//! `loadtest burst` over real sockets, at servers with a known model of service.

mod common;

use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use judge::verdict::{Kind, Shape};
use nix::sys::signal::Signal;
use results::document::Document;

use common::burst_run::{burst, conclusive, judged, sent_alone};
use common::pool::{PoolBehavior, serve};
use common::servers::{self, Model, ServerSpec};
use common::{Process, loadtest};

/// Long compared with the delays of a busy machine.
const SERVICE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn pools_of_every_size_are_found() {
    for (k, kind, shape) in [
        (1, Kind::Sequential, Shape::Staircase),
        (2, Kind::Limited, Shape::Waves),
        (4, Kind::Limited, Shape::Waves),
        (12, Kind::Parallel, Shape::Together),
    ] {
        let pool = serve(PoolBehavior::pool(k, SERVICE)).await;
        let burst = conclusive(&pool, &["-n", "12", "-c", "12"]).await;
        assert_eq!(
            (burst.verdict.kind, burst.verdict.shape),
            (kind, Some(shape)),
            "k = {k}: {}",
            burst.verdict.why
        );
        assert_eq!(burst.verdict.at_a_time, Some(k as f64), "{}", burst.verdict.why);
    }
}

#[tokio::test]
async fn exactly_n_requests_are_sent_over_c_connections() {
    let pool = serve(PoolBehavior::pool(100, Duration::from_millis(50))).await;
    let burst = judged(&pool, &["-n", "25", "-c", "10"]).await;
    assert_eq!((burst.n, burst.c, burst.ok, burst.requests.len()), (25, 10, 25, 25));
    let alone = sent_alone(&burst);
    assert_eq!((pool.requests.load(SeqCst), pool.connections.load(SeqCst)), (25 + alone, 10 + alone));
    let indices: Vec<_> = burst.requests.iter().map(|request| request.i).collect();
    assert_eq!(indices, (0..25).collect::<Vec<_>>());
    for request in &burst.requests {
        let times = [request.sent_us, request.first_byte_us, Some(request.done_us)].map(Option::unwrap);
        assert!(times.is_sorted(), "{request:?}");
        assert!(request.connect_us.unwrap() > 0.0);
    }
}

#[tokio::test]
async fn requests_alone_before_and_after_the_burst_are_the_baseline() {
    let pool = serve(PoolBehavior::pool(100, Duration::from_millis(50))).await;
    let burst = judged(&pool, &["-n", "5", "-c", "5"]).await;
    let baseline = burst.baseline.unwrap();
    assert_eq!(baseline.before_ms.len(), 8);
    let all = [baseline.warm_up_ms.unwrap(), baseline.after_ms.unwrap()];
    assert!(all.iter().chain(&baseline.before_ms).all(|ms| *ms >= 50.0), "{baseline:?}");
    assert!(baseline.spread.is_some() && baseline.trend.is_some(), "{baseline:?}");
    assert_eq!(burst.service_ms, baseline.median_ms);
}

#[tokio::test]
async fn a_slow_warm_up_is_said() {
    let first_is_slow = ServerSpec { slow: 1, ..ServerSpec::of(Model::UNLIMITED, SERVICE) };
    let server = servers::serve(first_is_slow).await;
    let run = burst(&["-n", "5", "-c", "5", &server.url]).await;
    assert!(run.stderr.contains("The warm-up request took 9"), "{}", run.stderr);
    assert!(run.stderr.contains("a cold start, or a cache that it filled"), "{}", run.stderr);
    let burst = run.burst();
    assert!(burst.service_ms < 600.0 && burst.baseline.unwrap().warm_up_ms >= Some(900.0));
}

/// A server that limits requests, whether they come alone or not.
#[tokio::test]
async fn a_request_alone_that_is_rejected_ends_the_measurement() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let status = if number < 4 { "200 OK" } else { "429 Too Many Requests" };
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    let run = burst(&["-n", "4", "-c", "4", &url]).await;
    let message = "after 3 good answers to requests alone, one got status 429";
    assert!(run.stderr.contains(message), "{}", run.stderr);
    let burst = run.burst();
    assert_eq!((burst.ok, burst.failed), (0, 4));
    assert_eq!(burst.baseline.unwrap().before_ms.len(), 3);
}

#[tokio::test]
async fn given_service_times_are_the_baseline_and_no_request_is_added() {
    let pool = serve(PoolBehavior::pool(10, SERVICE)).await;
    let several =
        judged(&pool, &["-n", "4", "-c", "4", "--service-ms", "290,310", "--service-ms", "300"]).await;
    let baseline = several.baseline.unwrap();
    assert_eq!((several.service_ms, baseline.before_ms), (300.0, vec![290.0, 310.0, 300.0]));
    assert_eq!((baseline.warm_up_ms, baseline.after_ms), (None, None));
    let one = judged(&pool, &["-n", "4", "-c", "4", "--service-ms", "300"]).await;
    assert_eq!((one.service_ms, one.baseline), (300.0, None));
    assert_eq!(pool.requests.load(SeqCst), 8);
}

#[tokio::test]
async fn a_worker_reconnects_to_a_server_that_closes_after_each_answer() {
    let pool =
        serve(PoolBehavior { close: true, ..PoolBehavior::pool(100, Duration::from_millis(50)) }).await;
    let burst = judged(&pool, &["-n", "9", "-c", "3"]).await;
    assert_eq!((burst.ok, pool.connections.load(SeqCst)), (9, 9 + sent_alone(&burst)));
}

#[tokio::test]
async fn a_server_that_closes_silently_costs_no_request() {
    let pool =
        serve(PoolBehavior { close_silently: true, ..PoolBehavior::pool(100, Duration::from_millis(50)) })
            .await;
    let burst = judged(&pool, &["-n", "12", "-c", "4"]).await;
    assert_eq!((burst.ok, burst.failed), (12, 0), "{}", burst.verdict.why);
}

#[tokio::test]
async fn a_server_that_ends_refuses_the_rest_and_unsent_requests_are_reported() {
    let pool =
        serve(PoolBehavior { max_connections: Some(6), close: true, ..PoolBehavior::pool(100, SERVICE) })
            .await;
    let burst = judged(&pool, &["-n", "30", "-c", "6", "--service-ms", "300"]).await;
    assert_eq!(burst.verdict.kind, Kind::Refused, "{}", burst.verdict.why);
    assert!(burst.requests.len() < 30 && burst.ok == 6, "{}", burst.verdict.why);
    let message = format!("only {} of 30 requests were sent", burst.requests.len());
    assert!(burst.verdict.why.contains(&message), "{}", burst.verdict.why);
    let indices: Vec<_> = burst.requests.iter().map(|request| request.i).collect();
    assert_eq!(indices, (0..burst.requests.len()).collect::<Vec<_>>(), "no request was skipped");
}

#[tokio::test]
async fn a_full_accept_queue_does_not_stall_the_burst() {
    // The server never accepts. A queue of length one holds two connections; the other SYNs are dropped.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let began = std::time::Instant::now();
    let run = burst(&["-n", "5", "-c", "5", "-t", "8", "--service-ms", "300", &url]).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(matches!(run.code, Some(1 | 4)), "{}", run.stderr);
    let burst = run.document.unwrap().runs.remove(0).bursts.remove(0);
    let errors: Vec<_> = burst.requests.iter().filter_map(|request| request.error.as_deref()).collect();
    assert_eq!(errors.len(), 5);
    assert!(errors.iter().any(|error| error.starts_with("no connection within 4 s")), "{errors:?}");
    assert!(errors.contains(&"no answer within 8 s"), "{errors:?}");
}

/// A server may limit its connections, so a connection without further requests must not stay open.
#[tokio::test]
async fn a_connection_is_closed_after_its_last_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        // Serves one connection at a time, until the client closes it.
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 4096];
            while let Ok(1..) = stream.read(&mut bytes) {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
            }
        }
    });
    let burst = burst(&["-n", "4", "-c", "4", "-t", "10", "--service-ms", "300", &url]).await.burst();
    assert_eq!((burst.ok, burst.failed), (4, 0), "{}", burst.verdict.why);
}

#[tokio::test]
async fn an_interrupted_burst_writes_its_results() {
    let pool = serve(PoolBehavior::pool(1, SERVICE)).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let mut command =
        loadtest(&["burst", "-n", "50", "-c", "50", "--service-ms", "300", "--out", out, &pool.url]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Process::spawn(&mut command);
    let (requests, answers) = (pool.requests.clone(), pool.answers.clone());
    let code = tokio::task::spawn_blocking(move || {
        // The whole burst; and three answers to it. The client has the first of them: the server sent it two service times
        // ago.
        common::wait_until("three requests of the burst are answered", || {
            requests.load(SeqCst) == 50 && answers.load(SeqCst) >= 3
        });
        process.signal(Signal::SIGINT);
        process.ended_within(Duration::from_secs(20)).code()
    });
    assert_eq!(code.await.unwrap(), Some(130));
    let text = std::fs::read_to_string(folder.path().join("result.json")).unwrap();
    let document: Document = serde_json::from_str(&text).unwrap();
    let burst = document.bursts().next().unwrap();
    assert!(burst.ok > 0 && burst.failed > 0 && burst.ok + burst.failed == 50, "{}", burst.verdict.why);
    assert_eq!(burst.verdict.kind, Kind::Inconclusive);
    assert!(burst.verdict.why.contains("(interrupted)"), "{}", burst.verdict.why);
}

#[tokio::test]
async fn headers_are_sent_once_and_methods_in_upper_case() {
    let pool = serve(PoolBehavior::pool(10, Duration::from_millis(20))).await;
    judged(
        &pool,
        &["-m", "get", "-H", "Host: example.org", "-H", "X-A: 1", "-H", "X-A: 2", "-n", "3", "-c", "3"],
    )
    .await;
    let head = pool.last.lock().unwrap().clone().unwrap();
    assert_eq!(head.method, "GET");
    let values = |name: &str| head.headers.get_all(name).iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        (values("host"), values("x-a")),
        (vec!["example.org".parse().unwrap()], ["1", "2"].map(|value| value.parse().unwrap()).to_vec())
    );
    assert_eq!(values("user-agent").len(), 1);
}

#[tokio::test]
async fn rejected_requests_are_refused_and_counted() {
    let pool = serve(PoolBehavior { refuse: true, ..PoolBehavior::pool(4, SERVICE) }).await;
    let burst = conclusive(&pool, &["-n", "10", "-c", "10"]).await;
    assert_eq!((burst.verdict.kind, burst.ok, burst.failed), (Kind::Refused, 4, 6), "{}", burst.verdict.why);
    assert!(burst.verdict.why.starts_with("4 answered, 6 refused (status 503)."));
}

#[tokio::test]
async fn requests_that_time_out_are_rows_and_the_verdict_says_so() {
    let pool = serve(PoolBehavior::pool(1, SERVICE)).await;
    let burst = judged(&pool, &["-n", "6", "-c", "6", "-t", "1"]).await;
    let said = "of 6 requests were not answered in their time (no answer within 1 s)";
    assert!(burst.verdict.why.contains(said), "{}", burst.verdict.why);
    assert!(burst.failed > 0 && burst.ok > 0 && burst.requests.len() == 6);
    let failed = burst.requests.iter().find(|request| request.status.is_none()).unwrap();
    assert_eq!(failed.error.as_deref(), Some("no answer within 1 s"));
    assert!(failed.done_us >= 1e6);
}

#[tokio::test]
async fn several_urls_fire_together() {
    let slow = serve(PoolBehavior::pool(1, SERVICE)).await;
    let quick = serve(PoolBehavior::pool(10, SERVICE)).await;
    let run = burst(&["-n", "5", "-c", "5", &slow.url, &quick.url]).await;
    let kinds: Vec<_> = run.document.unwrap().bursts().map(|burst| burst.verdict.kind).collect();
    assert_eq!(kinds, [Kind::Sequential, Kind::Parallel]);
    assert!(run.stdout.contains(&format!("{}: sequential\n", slow.url)), "{}", run.stdout);
    assert!(run.stdout.contains("They were answered one by one."), "{}", run.stdout);
}

#[tokio::test]
async fn no_post_is_sent_in_addition_to_n_without_consent() {
    let pool = serve(PoolBehavior::pool(10, SERVICE)).await;
    let refused = burst(&["-m", "POST", "-n", "4", "-c", "4", &pool.url]).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("give it with --service-ms"), "{}", refused.stderr);
    assert_eq!(pool.requests.load(SeqCst), 0);
    judged(
        &pool,
        &["-m", "POST", "-d", "{}", "-T", "application/json", "-n", "4", "-c", "4", "--service-ms", "300"],
    )
    .await;
    assert_eq!(pool.requests.load(SeqCst), 4);
}

#[tokio::test]
async fn a_missing_server_or_a_rejected_solo_request_is_reported() {
    let gone = burst(&["-n", "3", "http://127.0.0.1:1/"]).await;
    assert_eq!(gone.code, Some(3), "{}", gone.stderr);
    assert!(gone.stderr.contains("a request alone got no answer: connect: "), "{}", gone.stderr);

    let full = serve(PoolBehavior { refuse: true, ..PoolBehavior::pool(0, SERVICE) }).await;
    let rejected = burst(&["-n", "3", &full.url]).await;
    assert_eq!(rejected.code, Some(3));
    assert!(rejected.stderr.contains("a request alone got status 503"), "{}", rejected.stderr);
    assert!(rejected.document.is_none());
}

#[tokio::test]
async fn bad_usage_is_one_clear_error() {
    for (args, message) in [
        (&["-n", "0", "http://127.0.0.1:1/"][..], "a whole number from 1 is allowed"),
        (&["-H", "nonsense", "http://127.0.0.1:1/"], "`Name: value` is allowed"),
        (&["-t", "soon", "http://127.0.0.1:1/"], "a number of seconds is allowed"),
        (
            &["--service-ms", "300,fast", "http://127.0.0.1:1/"],
            "'fast' for '--service-ms <MS>': a number from",
        ),
        (&["--service-ms", "300,,1", "http://127.0.0.1:1/"], "--service-ms"),
        (&["--service-ms", "0", "http://127.0.0.1:1/"], "a number from 0.001"),
        (&["ftp://127.0.0.1:1/"], "http:// or https://"),
        (&["http://a b/"], "is not a URL"),
        (&[], "URL"),
    ] {
        let run = burst(args).await;
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{args:?}: {}", run.stderr);
    }
}
