//! Summaries of servers whose behaviour is known: each takes 50 ms for a request, and four, one or any number at a time.

use std::fs;
use std::path::Path;

use judge::verdict::{Confidence, Kind};

use super::samples::{options, read, source};
use crate::document::Document;
use crate::import::{Options, format_of};

/// A summary, and what is known about its server.
struct Known {
    file: &'static str,
    format: (&'static str, &'static str),
    /// The number of connections, as far as the summary or the prompt tells it.
    c: usize,
    /// The kind with a known service time.
    kind: Kind,
    at_a_time: Option<f64>,
    /// Whether the kind follows also without the service time.
    is_enough: bool,
}

const fn pool(file: &'static str, format: (&'static str, &'static str), c: usize, is_enough: bool) -> Known {
    Known { file, format, c, kind: Kind::Limited, at_a_time: Some(4.0), is_enough }
}

const KNOWN: [Known; 20] = [
    pool("hey-pool.txt", ("hey", "text"), 20, true),
    pool("hey-burst.txt", ("hey", "text"), 20, true),
    Known {
        kind: Kind::Parallel,
        at_a_time: Some(20.0),
        ..pool("hey-parallel.txt", ("hey", "text"), 20, false)
    },
    pool("oha-pool.txt", ("oha", "text"), 20, true),
    pool("oha-pool.json", ("oha", "JSON"), 18, true),
    pool("wrk-pool.txt", ("wrk", "text"), 20, false),
    Known {
        kind: Kind::Parallel,
        at_a_time: Some(10.0),
        ..pool("wrk-parallel.txt", ("wrk", "text"), 10, false)
    },
    pool("ab-pool.txt", ("ab", "text"), 20, true),
    Known {
        kind: Kind::Sequential,
        at_a_time: Some(1.0),
        ..pool("ab-sequential.txt", ("ab", "text"), 10, true)
    },
    pool("bombardier-pool.txt", ("bombardier", "text"), 20, false),
    Known {
        kind: Kind::Refused,
        at_a_time: None,
        ..pool("bombardier-refused.json", ("bombardier", "JSON"), 20, false)
    },
    pool("autocannon-pool.txt", ("autocannon", "text"), 20, false),
    pool("autocannon-pool.json", ("autocannon", "JSON"), 20, false),
    pool("vegeta-pool.txt", ("vegeta", "text report"), 24, false),
    pool("vegeta-pool.json", ("vegeta", "JSON report"), 24, false),
    pool("k6-pool.txt", ("k6", "text"), 20, false),
    pool("k6-export.json", ("k6", "summary JSON"), 20, false),
    pool("k6-handle.json", ("k6", "summary JSON"), 20, true),
    pool("locust-pool.csv", ("locust", "CSV"), 20, false),
    pool("artillery.json", ("Artillery", "JSON"), 1, false),
];

fn text(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/import/tests/summaries");
    fs::read_to_string(folder.join(file)).unwrap()
}

fn known_service_time() -> Options {
    Options { service_ms: vec![50.5], ..options() }
}

fn judged(text: &str, options: &Options) -> Document {
    read(text.as_bytes(), options).unwrap()
}

#[test]
fn a_known_server_is_estimated_by_throughput_times_service_time() {
    for Known { file, format, c, kind, at_a_time, .. } in KNOWN {
        let text = text(file);
        assert_eq!(format_of(&mut source(text.as_bytes()).input).unwrap().id(), format, "{file}");
        let document = judged(&text, &known_service_time());
        let burst = document.bursts().next().unwrap();
        let verdict = &burst.verdict;
        assert_eq!((verdict.kind, verdict.confidence), (kind, Confidence::Low), "{file}: {}", verdict.why);
        assert_eq!(verdict.at_a_time.map(f64::round), at_a_time, "{file}: {}", verdict.why);
        let is_near = (burst.c as f64 - c as f64).abs() <= 0.15 * c as f64;
        assert!(is_near || c == 1, "{file}: {} connections", burst.c);
        let lacks = document.source.unwrap().lacks.concat();
        assert!(lacks.contains("single requests"), "{file}: {lacks}");
    }
}

#[test]
fn without_the_service_time_only_the_distribution_of_a_pool_tells() {
    for Known { file, kind, at_a_time, is_enough, .. } in KNOWN {
        let document = judged(&text(file), &Options { service_ms: vec![], ..options() });
        let verdict = document.bursts().next().unwrap().verdict.clone();
        if kind == Kind::Refused {
            continue;
        }
        if is_enough {
            assert_eq!((verdict.kind, verdict.at_a_time), (kind, at_a_time), "{file}: {}", verdict.why);
            assert!(verdict.why.contains("lower bound of the service time"), "{file}: {}", verdict.why);
        } else {
            assert_eq!(verdict.kind, Kind::Inconclusive, "{file}: {}", verdict.why);
            assert!(verdict.why.contains("--service-ms"), "{file}: {}", verdict.why);
        }
    }
}

#[test]
fn the_counts_and_times_are_those_of_the_summary() {
    let document = judged(&text("hey-pool.txt"), &known_service_time());
    let burst = document.bursts().next().unwrap();
    assert_eq!((burst.n, burst.ok, burst.failed, burst.counted_only), (200, 200, 0, 200));
    assert_eq!((burst.statuses["200"], burst.requests.len()), (200, 0));
    let latency = burst.latency_ms.unwrap();
    assert!(burst.is_summary() && (240.0..270.0).contains(&latency.p50), "{latency:?}");
    assert!(latency.min < 60.0 && latency.p99 <= latency.max, "{latency:?}");
    let sum: usize = burst.latency_histogram.iter().map(|bar| bar.count).sum();
    assert_eq!(sum, 200);
}

#[test]
fn a_summary_is_found_in_any_text() {
    let plain = text("hey-pool.txt");
    let pasted = format!(
        "Look what I measured:\n\n\u{1b}[1;32mme@box\u{1b}[0m:\u{1b}[34m~/app\u{1b}[0m$ hey -n 200 -c 20 http://127.0.0.1:8181/slow\n{}\n\
         me@box:~/app$ \nIs that parallel?\n",
        plain.replace("Total:", "\u{1b}[33mTotal:\u{1b}[0m")
    );
    let document = judged(&pasted, &known_service_time());
    let burst = document.bursts().next().unwrap();
    assert_eq!(
        (burst.url.as_str(), burst.endpoint.as_str(), burst.c),
        ("http://127.0.0.1:8181/slow", "slow", 20)
    );
    assert_eq!(burst.verdict.at_a_time, Some(4.0), "{}", burst.verdict.why);
    // Two summaries are two bursts; those of two tools are too many.
    let parallel = text("hey-parallel.txt");
    let kinds: Vec<Kind> = judged(&(plain.clone() + &parallel), &known_service_time())
        .bursts()
        .map(|burst| burst.verdict.kind)
        .collect();
    assert_eq!(kinds, [Kind::Limited, Kind::Parallel]);
    let mixed = read((plain + &text("wrk-pool.txt")).as_bytes(), &options()).unwrap_err();
    assert!(format!("{mixed:#}").contains("summaries of hey and wrk"), "{mixed:#}");
}

#[test]
fn json_summaries_are_found_in_prose_and_errors_have_their_place() {
    let json = text("k6-export.json");
    let pasted = format!("$ cat summary.json\n{json}\nWhat does it mean?\n");
    let document = judged(&pasted, &known_service_time());
    assert_eq!(document.bursts().next().unwrap().verdict.at_a_time, Some(4.0));
    let broken = format!(
        "# mine\n{}",
        text("oha-pool.json").replace("\"errorDistribution\": {}", "\"errorDistribution\": 7")
    );
    let error = format!("{:#}", read(broken.as_bytes(), &options()).unwrap_err());
    assert!(error.contains("not oha's JSON: line ") && error.contains(", column "), "{error}");
    let cut = &json[..json.len() - 3];
    let error = format!("{:#}", read(cut.as_bytes(), &options()).unwrap_err());
    assert!(error.contains("EOF while parsing") && error.contains("line "), "{error}");
}

#[test]
fn the_number_of_requests_and_connections_can_be_given() {
    let with = |n, c| Options { n, c, ..known_service_time() };
    let text = text("hey-pool.txt");
    let burst = |options: &Options| judged(&text, options).bursts().next().unwrap().clone();
    assert_eq!(burst(&with(Some(200), Some(10))).c, 10);
    let missing = burst(&with(Some(210), None));
    assert_eq!(missing.verdict.kind, Kind::Inconclusive);
    assert!(
        missing.verdict.why.contains("only 200 of 210 requests are in the summary"),
        "{}",
        missing.verdict.why
    );
    let error = format!("{:#}", read(text.as_bytes(), &with(Some(100), None)).unwrap_err());
    assert!(error.contains("has 200 requests, but -n says that 100 were sent"), "{error}");
}

#[test]
fn without_a_good_answer_there_is_no_estimate() {
    let document = judged(&text("hey-fail.txt"), &known_service_time());
    let burst = document.bursts().next().unwrap();
    assert_eq!((burst.ok, burst.failed, burst.verdict.kind), (0, 40, Kind::Inconclusive));
    assert!(burst.verdict.why.contains("no request was answered well (status 503)"), "{}", burst.verdict.why);
}
