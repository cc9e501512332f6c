//! `loadtest burst` over real sockets: the times of sends, and the rows that are kept.

mod common;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use results::document::Burst;

use common::burst_run::{burst, judged, sent_alone};
use common::pool::{PoolBehavior, serve};

const QUICK: Duration = Duration::from_millis(5);
const SLOW: Duration = Duration::from_millis(300);

/// The times between planned sends, in milliseconds.
fn gaps(burst: &Burst) -> Vec<f64> {
    let planned: Vec<f64> = burst.requests.iter().map(|request| request.planned_us.unwrap() / 1e3).collect();
    planned.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test]
async fn requests_of_a_rate_are_due_at_planned_times_whatever_the_answers_do() {
    let pool = serve(PoolBehavior::pool(100, QUICK)).await;
    let burst = judged(&pool, &["-n", "40", "-c", "20", "--rate", "50"]).await;
    assert_eq!((burst.ok, burst.requests.len(), burst.sending.rate), (40, 40, Some(50.0)));
    assert!(gaps(&burst).iter().all(|gap| (gap - 20.0).abs() < 0.01), "{:?}", gaps(&burst));
    // 39 gaps of 20 ms; no request is sent early.
    assert!(burst.makespan_ms >= 780.0, "{}", burst.makespan_ms);
    assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() >= request.planned_us.unwrap()));
    assert_eq!(pool.connections.load(SeqCst), 20 + sent_alone(&burst));
}

#[tokio::test]
async fn without_a_free_connection_latency_counts_from_the_planned_send() {
    let pool = serve(PoolBehavior::pool(100, SLOW)).await;
    let burst = judged(&pool, &["-n", "6", "-c", "2", "--rate", "100"]).await;
    let (sent, planned) = (burst.latency_ms.unwrap(), burst.latency_from_plan_ms.unwrap());
    // Two at a time: the last pair is due at the start, and waits for two other pairs.
    assert!(sent.min >= 300.0 && planned.min >= 300.0);
    assert!(planned.max >= 3.0 * 300.0 - 60.0 && planned.max >= sent.min + 500.0, "{planned:?}");
    assert_eq!(burst.unsent, 0);
    let text = common::burst_run::burst(&["-n", "6", "-c", "2", "--rate", "100", &pool.url]).await.stdout;
    assert!(text.contains("Latency distribution from the planned send:"), "{text}");
}

#[tokio::test]
async fn a_seed_repeats_its_poisson_arrivals() {
    let pool = serve(PoolBehavior::pool(100, QUICK)).await;
    let args = |seed| ["-n", "30", "--rate", "200", "--arrivals", "poisson", "--seed", seed];
    let first = judged(&pool, &args("7")).await;
    assert_eq!((gaps(&first), first.sending.seed), (gaps(&judged(&pool, &args("7")).await), Some(7)));
    assert_ne!(gaps(&first), gaps(&judged(&pool, &args("8")).await));
}

#[tokio::test]
async fn a_duration_ends_a_closed_loop_after_the_requests_in_flight() {
    let pool = serve(PoolBehavior::pool(100, SLOW)).await;
    let burst = judged(&pool, &["-z", "1s", "-c", "4"]).await;
    // Sent at 0, 300, 600 and 900 ms; fewer on a busy machine.
    assert!((8..=16).contains(&burst.n), "{}", burst.n);
    assert_eq!((burst.ok, burst.failed, burst.requests.len()), (burst.n, 0, burst.n));
    assert_eq!(burst.sending.duration_ms, Some(1_000.0));
    assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() < 1.2e6));
    assert_eq!(pool.requests.load(SeqCst), burst.n + sent_alone(&burst));
}

#[tokio::test]
async fn the_number_of_unsent_requests_of_an_excessive_rate_is_reported() {
    let pool = serve(PoolBehavior::pool(100, SLOW)).await;
    let run = burst(&["-z", "1s", "-c", "2", "--rate", "100", &pool.url]).await;
    let text = run.stdout.clone();
    let burst = run.burst();
    assert!(burst.n <= 8, "{}", burst.n);
    assert_eq!(burst.n + burst.unsent, 100);
    assert!(
        text.contains(&format!("{} requests were due before the end but never sent", burst.unsent)),
        "{text}"
    );
}

#[tokio::test]
async fn each_url_starts_after_its_own_delay() {
    let first = serve(PoolBehavior::pool(10, SLOW)).await;
    let second = serve(PoolBehavior::pool(10, SLOW)).await;
    let run = burst(&["-n", "3", "--delay", "1ms", "--delay", "700ms", &first.url, &second.url]).await;
    let document = run.document.unwrap();
    let bursts: Vec<_> = document.bursts().collect();
    assert_eq!(bursts.iter().map(|burst| burst.sending.delay_ms).collect::<Vec<_>>(), [1.0, 700.0]);
    for burst in bursts {
        // The times of each count from its own start.
        assert!(burst.makespan_ms >= 300.0 && burst.makespan_ms < 700.0, "{}", burst.makespan_ms);
        assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() >= 0.0));
    }
}

#[tokio::test]
async fn a_ramp_spaces_the_first_requests_of_the_connections() {
    let pool = serve(PoolBehavior::pool(10, SLOW)).await;
    let burst = judged(&pool, &["-n", "5", "-c", "5", "--ramp", "1s"]).await;
    assert!(gaps(&burst).iter().all(|gap| (gap - 200.0).abs() < 0.01), "{:?}", gaps(&burst));
    assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() >= request.planned_us.unwrap()));
}

#[tokio::test]
async fn beyond_the_row_limit_requests_are_counted() {
    let pool = serve(PoolBehavior::pool(100, QUICK)).await;
    let run = burst(&["-n", "50", "-c", "5", "--max-rows", "20", &pool.url]).await;
    let text = run.stdout.clone();
    let burst = run.burst();
    assert_eq!((burst.n, burst.ok, burst.requests.len(), burst.counted_only), (50, 50, 20, 30));
    assert_eq!(burst.statuses["200"], 50);
    assert_eq!(burst.latency_histogram.iter().map(|bar| bar.count).sum::<usize>(), 50);
    // Ten rounds of at least 5 ms: the makespan includes the requests that are only counted.
    assert!(burst.makespan_ms >= 50.0, "{}", burst.makespan_ms);
    assert!(!burst.verdict.why.contains("requests were sent"), "{}", burst.verdict.why);
    assert!(text.contains("The verdict covers the first 20 requests"), "{text}");
    assert!(text.contains("include 30 more requests"), "{text}");
}

#[tokio::test]
async fn a_missing_server_does_not_end_a_burst_with_a_duration() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}/");
    let run = burst(&["-z", "1s", "-c", "2", "--service-ms", "5", &url]).await;
    let burst = run.burst();
    // Each worker connects again, after a delay.
    assert!((4..=30).contains(&burst.failed) && burst.ok == 0, "{} {}", burst.failed, burst.ok);
    assert_eq!(burst.errors.values().sum::<usize>(), burst.failed);
}

#[tokio::test]
async fn the_output_is_in_heys_format_with_the_verdict_below() {
    let pool = serve(PoolBehavior::pool(4, SLOW)).await;
    let run = burst(&["-n", "10", &pool.url]).await;
    let order = [
        "Summary:\n  Total:\t0.9",
        "  Slowest:\t0.9",
        "  Fastest:\t0.3",
        "  Requests/sec:\t",
        "Response time histogram:\n",
        "Latency distribution:\n  10% in 0.3",
        "  99% in 0.9",
        "Details (average, fastest, slowest):\n  DNS+dialup:\t",
        "Status code distribution:\n  [200]\t10 responses\n",
        &format!("{}: limited, 4 at a time", pool.url),
        "10 requests over 10 connections: 10 answered, 0 failed",
    ];
    let found: Vec<_> = order.iter().map(|text| run.stdout.find(text)).collect();
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?}\n{}", run.stdout);
}

#[tokio::test]
async fn heys_csv_and_single_dash_flags_work() {
    let pool = serve(PoolBehavior::pool(10, SLOW)).await;
    let run = burst(&["-n", "4", "-cpus", "1", "-o", "csv", &pool.url]).await;
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", run.stdout);
    assert!(
        lines[0].starts_with("response-time,DNS+dialup,DNS,") && lines[0].ends_with(",status-code,offset")
    );
    for line in &lines[1..] {
        let values: Vec<f64> = line.split(',').map(|value| value.parse().unwrap()).collect();
        assert!(values.len() == 8 && values[0] >= 0.3 && values[6] == 200.0, "{line}");
    }
}

#[tokio::test]
async fn too_many_connections_are_one_clear_error() {
    for (args, message) in [
        (["-n", "5", "-c", "6"], "-c 6 is more than -n 5"),
        (["-n", "2000000000", "-c", "2000000000"], "descriptors that its hard limit allows"),
    ] {
        let run = burst(&[&args[..], &["http://127.0.0.1:1/"]].concat()).await;
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains(message) && run.stderr.lines().count() == 1, "{}", run.stderr);
    }
}
