//! `loadtest burst`: when requests are sent, and what is kept of them, over real sockets.

mod common;

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use results::document::Burst;

use common::fired::{burst, judged};
use common::pool::{Manners, serve};

const QUICK: Duration = Duration::from_millis(5);
const SLOW: Duration = Duration::from_millis(300);

/// How far apart the planned sends are, in milliseconds.
fn gaps(burst: &Burst) -> Vec<f64> {
    let planned: Vec<f64> = burst.requests.iter().map(|request| request.planned_us.unwrap() / 1e3).collect();
    planned.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test]
async fn a_rate_is_due_at_planned_times_whatever_the_answers_do() {
    let pool = serve(Manners::pool(100, QUICK)).await;
    let burst = judged(&pool, &["-n", "40", "-c", "20", "--rate", "50"]).await;
    assert_eq!((burst.ok, burst.requests.len(), burst.sending.rate), (40, 40, Some(50.0)));
    assert!(gaps(&burst).iter().all(|gap| (gap - 20.0).abs() < 0.01), "{:?}", gaps(&burst));
    // 39 gaps of 20 ms; nothing is sent before its time.
    assert!(burst.makespan_ms >= 780.0, "{}", burst.makespan_ms);
    assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() >= request.planned_us.unwrap()));
    assert_eq!(pool.connections.load(SeqCst), 22);
}

#[tokio::test]
async fn what_finds_no_free_connection_counts_from_the_planned_send() {
    let pool = serve(Manners::pool(100, SLOW)).await;
    let burst = judged(&pool, &["-n", "6", "-c", "2", "--rate", "100"]).await;
    let (sent, planned) = (burst.latency_ms.unwrap(), burst.latency_from_plan_ms.unwrap());
    // Two at a time: the last pair is due at once, and waits for two others.
    assert!(sent.min >= 300.0 && planned.min >= 300.0);
    assert!(planned.max >= 3.0 * 300.0 - 60.0 && planned.max >= sent.min + 500.0, "{planned:?}");
    assert_eq!(burst.unsent, 0);
    let told = common::fired::burst(&["-n", "6", "-c", "2", "--rate", "100", &pool.url]).await.stdout;
    assert!(told.contains("Latency distribution from the planned send:"), "{told}");
}

#[tokio::test]
async fn poisson_arrivals_repeat_with_their_seed() {
    let pool = serve(Manners::pool(100, QUICK)).await;
    let args = |seed| ["-n", "30", "--rate", "200", "--arrivals", "poisson", "--seed", seed];
    let first = judged(&pool, &args("7")).await;
    assert_eq!((gaps(&first), first.sending.seed), (gaps(&judged(&pool, &args("7")).await), Some(7)));
    assert_ne!(gaps(&first), gaps(&judged(&pool, &args("8")).await));
}

#[tokio::test]
async fn a_duration_ends_a_closed_loop_and_what_is_in_flight_is_answered() {
    let pool = serve(Manners::pool(100, SLOW)).await;
    let burst = judged(&pool, &["-z", "1s", "-c", "4"]).await;
    // At 0, 300, 600 and 900 ms, or fewer on a busy machine.
    assert!((8..=16).contains(&burst.n), "{}", burst.n);
    assert_eq!((burst.ok, burst.failed, burst.requests.len()), (burst.n, 0, burst.n));
    assert_eq!(burst.sending.duration_ms, Some(1_000.0));
    assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() < 1.2e6));
    assert_eq!(pool.requests.load(SeqCst), burst.n + 2);
}

#[tokio::test]
async fn a_rate_that_the_connections_cannot_carry_says_how_many_were_never_sent() {
    let pool = serve(Manners::pool(100, SLOW)).await;
    let fired = burst(&["-z", "1s", "-c", "2", "--rate", "100", &pool.url]).await;
    let said = fired.stdout.clone();
    let burst = fired.burst();
    assert!(burst.n <= 8, "{}", burst.n);
    assert_eq!(burst.n + burst.unsent, 100);
    assert!(
        said.contains(&format!("{} requests were due before the end and never sent", burst.unsent)),
        "{said}"
    );
}

#[tokio::test]
async fn each_url_starts_after_its_own_delay() {
    let first = serve(Manners::pool(10, SLOW)).await;
    let second = serve(Manners::pool(10, SLOW)).await;
    let fired = burst(&["-n", "3", "--delay", "1ms", "--delay", "700ms", &first.url, &second.url]).await;
    let document = fired.document.unwrap();
    let bursts: Vec<_> = document.bursts().collect();
    assert_eq!(bursts.iter().map(|burst| burst.sending.delay_ms).collect::<Vec<_>>(), [1.0, 700.0]);
    for burst in bursts {
        // Each counts from its own start.
        assert!(burst.makespan_ms >= 300.0 && burst.makespan_ms < 700.0, "{}", burst.makespan_ms);
        assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() >= 0.0));
    }
}

#[tokio::test]
async fn a_ramp_sends_the_first_of_each_connection_one_by_one() {
    let pool = serve(Manners::pool(10, SLOW)).await;
    let burst = judged(&pool, &["-n", "5", "-c", "5", "--ramp", "1s"]).await;
    assert!(gaps(&burst).iter().all(|gap| (gap - 200.0).abs() < 0.01), "{:?}", gaps(&burst));
    assert!(burst.requests.iter().all(|request| request.sent_us.unwrap() >= request.planned_us.unwrap()));
}

#[tokio::test]
async fn beyond_the_row_limit_requests_are_counted() {
    let pool = serve(Manners::pool(100, QUICK)).await;
    let fired = burst(&["-n", "50", "-c", "5", "--max-rows", "20", &pool.url]).await;
    let said = fired.stdout.clone();
    let burst = fired.burst();
    assert_eq!((burst.n, burst.ok, burst.requests.len(), burst.counted_only), (50, 50, 20, 30));
    assert_eq!(burst.statuses["200"], 50);
    assert_eq!(burst.latency_histogram.iter().map(|bar| bar.count).sum::<usize>(), 50);
    // Ten rounds of 5 ms and more: the times are of all.
    assert!(burst.makespan_ms >= 50.0, "{}", burst.makespan_ms);
    assert!(!burst.verdict.why.contains("requests were sent"), "{}", burst.verdict.why);
    assert!(said.contains("The verdict is of the first 20 requests; 30 more are in the counts"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_away_for_a_moment_does_not_end_a_burst_of_a_time() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}/");
    let fired = burst(&["-z", "1s", "-c", "2", "--service-ms", "5", &url]).await;
    let burst = fired.burst();
    // Each connection tries again, but not as fast as it can.
    assert!((4..=30).contains(&burst.failed) && burst.ok == 0, "{} {}", burst.failed, burst.ok);
    assert_eq!(burst.errors.values().sum::<usize>(), burst.failed);
}

#[tokio::test]
async fn it_prints_what_a_hey_user_expects_and_the_verdict_below() {
    let pool = serve(Manners::pool(4, SLOW)).await;
    let fired = burst(&["-n", "10", &pool.url]).await;
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
    let found: Vec<_> = order.iter().map(|text| fired.stdout.find(text)).collect();
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?}\n{}", fired.stdout);
}

#[tokio::test]
async fn heys_csv_and_its_flags_with_one_dash_work() {
    let pool = serve(Manners::pool(10, SLOW)).await;
    let fired = burst(&["-n", "4", "-cpus", "1", "-o", "csv", &pool.url]).await;
    let lines: Vec<_> = fired.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", fired.stdout);
    assert!(
        lines[0].starts_with("response-time,DNS+dialup,DNS,") && lines[0].ends_with(",status-code,offset")
    );
    for line in &lines[1..] {
        let values: Vec<f64> = line.split(',').map(|value| value.parse().unwrap()).collect();
        assert!(values.len() == 8 && values[0] >= 0.3 && values[6] == 200.0, "{line}");
    }
}

#[tokio::test]
async fn more_connections_than_descriptors_or_requests_are_one_clear_error() {
    for (args, said) in [
        (["-n", "5", "-c", "6"], "-c 6 is more than -n 5"),
        (["-n", "2000000000", "-c", "2000000000"], "descriptors that its hard limit allows"),
    ] {
        let fired = burst(&[&args[..], &["http://127.0.0.1:1/"]].concat()).await;
        assert_eq!(fired.code, Some(2), "{}", fired.stderr);
        assert!(fired.stderr.contains(said) && fired.stderr.lines().count() == 1, "{}", fired.stderr);
    }
}
