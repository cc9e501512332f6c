use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use judge::schedule::DEFAULT_KEEP;
use judge::verdict::{Confidence, Kind, Shape};
use proptest::prelude::*;

use super::*;
use crate::document::Burst;

/// A burst of ten requests, served `at_a_time` in one second each: the start and the duration of each, in seconds.
fn served(at_a_time: usize) -> Vec<(f64, f64)> {
    (0..10).map(|i| (i as f64 * 1e-4, (i / at_a_time + 1) as f64 + 0.002 + i as f64 * 1e-4)).collect()
}

fn hey_csv(requests: &[(f64, f64)]) -> String {
    let mut text =
        "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
            .to_owned();
    for (began, took) in requests {
        let _ = writeln!(text, "{took:.4},0.0003,0.0000,0.0000,{took:.4},0.0001,200,{began:.4}");
    }
    text
}

fn oha_csv(requests: &[(f64, f64)]) -> String {
    let mut text = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n".to_owned();
    for (began, took) in requests {
        let _ = writeln!(text, "{began},0.000061582,0.000262992,{took},{took},178,200");
    }
    text
}

/// As oha 1.16 writes it: eleven bars, the first with only the fastest request.
fn oha_json(requests: &[(f64, f64)]) -> String {
    let times: Vec<f64> = requests.iter().map(|(_, took)| *took).collect();
    let (fastest, slowest) =
        (times.iter().copied().fold(f64::MAX, f64::min), times.iter().copied().fold(0.0, f64::max));
    let bounds: Vec<f64> = (0..=10).map(|i| fastest + (slowest - fastest) * f64::from(i) / 10.0).collect();
    let mut bars = serde_json::Map::new();
    let mut below = 0;
    for bound in bounds {
        let count = times.iter().filter(|time| **time <= bound + 1e-9).count();
        bars.insert(bound.to_string(), (count - below).into());
        below = count;
    }
    serde_json::json!({
        "summary": { "successRate": 1.0, "total": slowest, "slowest": slowest, "fastest": fastest, "requestsPerSec": 1.0 },
        "metrics": {}, "responseTimeHistogram": bars, "statusCodeDistribution": { "200": requests.len() }, "errorDistribution": {},
    })
    .to_string()
}

/// The start of a burst with timestamps: 2026-11-24, in nanoseconds.
const START_NS: i64 = 1_795_478_400_000_000_000;

fn k6_points(requests: &[(f64, f64)]) -> Vec<(String, i64, f64, usize)> {
    let mut points = Vec::new();
    for (vu, (began, took)) in requests.iter().enumerate() {
        let ended = START_NS + ((began + took) * 1e9) as i64;
        for (metric, value) in [
            ("http_reqs", 1.0),
            ("http_req_duration", took * 1e3 - 0.3),
            ("http_req_blocked", 0.3),
            ("http_req_connecting", 0.2),
            ("http_req_tls_handshaking", 0.0),
            ("http_req_sending", 0.05),
            ("http_req_waiting", took * 1e3 - 0.4),
            ("http_req_receiving", 0.05),
            ("http_req_failed", 0.0),
        ] {
            points.push((metric.to_owned(), ended, value, vu));
        }
    }
    points
}

fn k6_json(requests: &[(f64, f64)]) -> String {
    let mut text = r#"{"type":"Metric","data":{"name":"http_reqs","type":"counter"},"metric":"http_reqs"}"#
        .to_owned()
        + "\n";
    for (metric, ns, value, vu) in k6_points(requests) {
        let time = jiff::Timestamp::from_nanosecond(ns.into()).unwrap();
        let point = serde_json::json!({
            "metric": metric, "type": "Point",
            "data": {
                "time": time.to_string(), "value": value,
                "tags": { "url": "http://127.0.0.1:3000/e1/p1", "name": "x", "status": "200" },
                "metadata": { "vu": vu.to_string(), "iter": "0" },
            },
        });
        let _ = writeln!(text, "{point}");
    }
    text
}

fn k6_csv(requests: &[(f64, f64)], unit: i64) -> String {
    let mut text =
        "metric_name,timestamp,metric_value,error,method,status,url,extra_tags,metadata\n".to_owned();
    for (metric, ns, value, vu) in k6_points(requests) {
        let _ = writeln!(
            text,
            "{metric},{},{value},,GET,200,http://127.0.0.1:3000/e1/p1,a=b,iter=0&vu={vu}",
            ns / unit
        );
    }
    text
}

fn vegeta_json(requests: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (seq, (began, took)) in requests.iter().enumerate() {
        let time = jiff::Timestamp::from_nanosecond((START_NS + (began * 1e9) as i64).into()).unwrap();
        let line = serde_json::json!({
            "attack": "", "seq": seq, "code": 200, "timestamp": time.to_string(), "latency": (took * 1e9) as i64,
            "bytes_out": 0, "bytes_in": 2, "error": "", "body": "e30=", "method": "GET", "url": "http://127.0.0.1:3000/e1/p1",
            "headers": {},
        });
        let _ = writeln!(text, "{line}");
    }
    text
}

fn vegeta_csv(requests: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (seq, (began, took)) in requests.iter().enumerate() {
        let (began, took) = (START_NS + (began * 1e9) as i64, (took * 1e9) as i64);
        let _ = writeln!(text, "{began},200,{took},0,2,,e30=,,{seq},GET,http://127.0.0.1:3000/e1/p1,");
    }
    text
}

type Writer = fn(&[(f64, f64)]) -> String;

/// The text formats.
const WRITERS: [(Writer, &Format); 7] = [
    (hey_csv, &hey::FORMAT),
    (oha_csv, &oha::CSV),
    (oha_json, &oha::JSON),
    (k6_json, &k6::JSON),
    (|requests| k6_csv(requests, 1), &k6::CSV),
    (vegeta_json, &vegeta::JSON),
    (vegeta_csv, &vegeta::CSV),
];

fn options() -> Options {
    Options {
        service_ms: Some(1_000.0),
        n: None,
        c: None,
        good: Arc::from([200..=299]),
        max_rows: DEFAULT_KEEP,
    }
}

fn source(bytes: &[u8]) -> Source {
    let input = Input::new(Box::new(std::io::Cursor::new(bytes.to_vec()))).unwrap();
    Source { name: "file.csv".to_owned(), input, path: None }
}

fn read_all(texts: &[&[u8]], options: &Options) -> anyhow::Result<Document> {
    let empty = crate::document::sample::document(Vec::new());
    let sources = texts.iter().map(|text| source(text)).collect();
    document(sources, options, Document { runs: Vec::new(), ..empty })
}

fn read(bytes: &[u8], options: &Options) -> anyhow::Result<Document> {
    read_all(&[bytes], options)
}

fn burst(text: &str, options: &Options) -> Burst {
    read(text.as_bytes(), options).unwrap().bursts().next().unwrap().clone()
}

#[test]
fn every_format_has_the_same_verdict() {
    for (write, format) in WRITERS {
        let kind = |at_a_time| burst(&write(&served(at_a_time)), &options()).verdict;
        assert_eq!(kind(10).kind, Kind::Parallel, "{:?}", format.id());
        assert_eq!(kind(1).kind, Kind::Sequential, "{:?}", format.id());
        // A summary shows no waves.
        if !format.is_summary {
            let limited = kind(4);
            assert_eq!((limited.kind, limited.at_a_time), (Kind::Limited, Some(4.0)), "{:?}", format.id());
        }
        let found = format_of(&mut source(write(&served(1)).as_bytes()).input).unwrap();
        assert_eq!(found.id(), format.id());
    }
}

#[test]
fn simultaneous_answers_are_not_judged_without_a_service_time() {
    let unknown = Options { service_ms: None, ..options() };
    for (write, format) in WRITERS {
        let together = burst(&write(&served(10)), &unknown).verdict;
        assert_eq!(together.kind, Kind::Inconclusive, "{:?}", format.id());
        assert!(together.why.contains("--service-ms"), "{}", together.why);
        let staircase = burst(&write(&served(1)), &unknown);
        assert_eq!(staircase.verdict.kind, Kind::Sequential, "{:?}", format.id());
        assert!(staircase.verdict.confidence <= Confidence::Medium, "{:?}", format.id());
    }
    let waves = burst(&vegeta_csv(&served(4)), &unknown).verdict;
    assert_eq!(
        (waves.kind, waves.shape, waves.confidence),
        (Kind::Limited, Some(Shape::Waves), Confidence::Medium)
    );
}

#[test]
fn a_format_without_failures_needs_the_number_of_requests_for_high_confidence() {
    let text = hey_csv(&served(1));
    assert_eq!(burst(&text, &options()).verdict.confidence, Confidence::Medium);
    let all = burst(&text, &Options { n: Some(10), ..options() });
    assert_eq!((all.verdict.kind, all.verdict.confidence), (Kind::Sequential, Confidence::High));
    let some = burst(&text, &Options { n: Some(12), ..options() });
    assert_eq!(some.verdict.kind, Kind::Inconclusive);
    assert!(some.verdict.why.contains("only 10 of 12 requests are in the trace"), "{}", some.verdict.why);
}

#[test]
fn whole_seconds_are_reported_as_too_coarse() {
    let document = read(k6_csv(&served(10), 1_000_000_000).as_bytes(), &options()).unwrap();
    let burst = document.bursts().next().unwrap();
    assert_eq!(burst.verdict.kind, Kind::Inconclusive);
    assert!(burst.verdict.why.contains("steps of 1.00 s"), "{}", burst.verdict.why);
    assert!(document.source.unwrap().lacks.concat().contains("K6_CSV_TIME_FORMAT"));
}

#[test]
fn gzipped_files_and_several_files_are_read() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(vegeta_json(&served(4)).as_bytes()).unwrap();
    let packed = read(&packed.finish().unwrap(), &options()).unwrap();
    assert_eq!(packed.bursts().next().unwrap().verdict.at_a_time, Some(4.0));

    let (even, odd): (Vec<_>, Vec<_>) = served(4).into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let part = |requests: Vec<(usize, (f64, f64))>| {
        vegeta_csv(&requests.into_iter().map(|(_, request)| request).collect::<Vec<_>>())
    };
    let joined = read_all(&[part(even).as_bytes(), part(odd).as_bytes()], &options()).unwrap();
    assert_eq!(joined.bursts().next().unwrap().verdict.at_a_time, Some(4.0));
}

#[test]
fn connecting_is_not_part_of_the_latency() {
    let burst = burst(&oha_csv(&served(10)), &options());
    let first = &burst.requests[0];
    assert_eq!((first.connect_us, first.connects), (Some(262.992), true).map_us());
    assert_eq!(first.sent_us, Some(263.0));
    assert_eq!((burst.c, burst.ok), (10, 10));
}

trait MapUs {
    fn map_us(self) -> Self;
}

impl MapUs for (Option<f64>, bool) {
    /// As results round them.
    fn map_us(self) -> Self {
        (self.0.map(|us| judge::units::rounded(us, 1)), self.1)
    }
}

#[test]
fn a_closed_loop_is_distinguished_from_an_open_loop() {
    // Two connections, five requests each, one after the other.
    let closed: Vec<(f64, f64)> = (0..10).map(|i| ((i / 2) as f64 * 1.0002, 1.0)).collect();
    let burst = burst(&vegeta_csv(&closed), &options());
    assert_eq!(
        (burst.c, burst.requests.iter().filter(|request| request.planned_us.is_some()).count()),
        (2, 2)
    );
    // One request every 300 ms, independent of the answers.
    let open: Vec<(f64, f64)> = (0..10).map(|i| (f64::from(i) * 0.3, 1.0)).collect();
    let burst = self::burst(&vegeta_csv(&open), &options());
    assert!(burst.requests.iter().all(|request| request.planned_us == request.sent_us));
    assert_eq!(burst.verdict.kind, Kind::Parallel, "{}", burst.verdict.why);
}

#[test]
fn replies_are_evidence() {
    let reply = |i: usize| {
        let ns = |s: f64| START_NS + (s * 1e9) as i64;
        let (entered, left) = (ns(i as f64 * 1e-4), ns((i / 4 + 1) as f64));
        format!(
            r#"{{"endpoint":"e1-p1","style":"sync","wait_ms":1,"instance":"{i:x}","served":1,"in_flight":1,"entered_unix_ns":{entered},"left_unix_ns":{left},"host":"h{}"}}"#,
            i % 2
        )
    };
    use base64::Engine;
    let mut text = String::new();
    for (i, line) in vegeta_csv(&served(4)).lines().enumerate() {
        let body = base64::prelude::BASE64_STANDARD.encode(reply(i));
        let _ = writeln!(text, "{}", line.replace("e30=", &body));
    }
    let burst = burst(&text, &options());
    assert_eq!((burst.instances, burst.hosts), (10, 2));
    assert_eq!(burst.requests[3].entered_us, Some(300.0), "a loopback's clock is shared");
    assert!(burst.verdict.why.contains("spread over 2 hosts, up to 5 on one"), "{}", burst.verdict.why);
}

#[test]
fn an_exported_script_has_its_plan_and_the_solo_request() {
    let mut text = String::new();
    let mut point = |metric: &str, at: f64, value: f64, phase: &str, vu: usize| {
        let time = jiff::Timestamp::from_nanosecond((START_NS + (at * 1e9) as i64).into()).unwrap();
        let tags = serde_json::json!({
            "url": "http://127.0.0.1:3000/e2/p4", "status": "200", "setup": "7", "endpoint": "e2-p4", "phase": phase, "n": "10",
            "start_ms": (START_NS / 1_000_000).to_string(), "spacing_ms": "5",
        });
        let data = serde_json::json!({
            "time": time.to_string(), "value": value, "tags": tags, "metadata": { "vu": vu.to_string(), "iter": "0" },
        });
        let _ = writeln!(text, "{}", serde_json::json!({ "metric": metric, "type": "Point", "data": data }));
    };
    let mut request = |began: f64, took: f64, phase: &str, vu| {
        point("http_reqs", began + took, 1.0, phase, vu);
        point("http_req_duration", began + took, took * 1e3, phase, vu);
    };
    request(-5.0, 0.5, "connect", 0);
    request(-4.0, 1.1, "solo", 0);
    for vu in 0..10 {
        request(vu as f64 * 0.005 + 0.001, 1.1, "burst", vu);
    }
    let document = read(text.as_bytes(), &Options { service_ms: None, ..options() }).unwrap();
    let run = &document.runs[0];
    assert_eq!(run.setup, "7");
    let burst = &run.bursts[0];
    assert_eq!((burst.n, burst.service_ms, burst.sending.spacing_ms), (10, 1_100.0, 5.0));
    assert_eq!(burst.requests[9].planned_us, Some(45_000.0));
    assert_eq!((burst.verdict.kind, burst.verdict.confidence), (Kind::Parallel, Confidence::High));
    assert!((burst.start_skew_us - 1_000.0).abs() < 1.0, "{}", burst.start_skew_us);
}

#[test]
fn a_late_generator_is_late_for_its_plan_and_not_a_closed_loop() {
    let mut text = String::new();
    for (vu, began) in [0.0, 0.0, 0.0, 1.0002, 1.0002, 1.0002].into_iter().enumerate() {
        for (metric, value) in [("http_reqs", 1.0), ("http_req_duration", 1_000.0)] {
            let time =
                jiff::Timestamp::from_nanosecond((START_NS + ((began + 1.0) * 1e9) as i64).into()).unwrap();
            let start_ms = (START_NS / 1_000_000).to_string();
            let tags = serde_json::json!({
                "url": "http://h/e1/p1", "status": "200", "setup": "1", "phase": "burst", "n": "6", "start_ms": start_ms,
            });
            let data = serde_json::json!({
                "time": time.to_string(), "value": value, "tags": tags, "metadata": { "vu": vu.to_string(), "iter": "0" },
            });
            let _ =
                writeln!(text, "{}", serde_json::json!({ "metric": metric, "type": "Point", "data": data }));
        }
    }
    let burst = burst(&text, &options());
    assert!(burst.requests.iter().all(|request| request.planned_us == Some(0.0)));
    assert!(burst.start_skew_us >= 1e6, "{}", burst.start_skew_us);
    assert_eq!(burst.verdict.kind, Kind::Inconclusive, "{}", burst.verdict.why);
}

#[test]
fn a_solo_request_applies_to_all_setups_of_its_url() {
    let line = |metric: &str, value: f64, phase: &str, setup: &str| {
        let tags =
            serde_json::json!({ "url": "http://h/e1/p1", "status": "200", "setup": setup, "phase": phase });
        let data = serde_json::json!({ "time": "2026-11-24T00:00:09Z", "value": value, "tags": tags });
        serde_json::json!({ "metric": metric, "type": "Point", "data": data }).to_string() + "\n"
    };
    let mut text = String::new();
    for (phase, setup, count) in [("solo", "1", 1), ("burst", "1", 5), ("burst", "3", 5)] {
        for _ in 0..count {
            text += &line("http_reqs", 1.0, phase, setup);
            text += &line("http_req_duration", 1_000.0, phase, setup);
        }
    }
    let document = read(text.as_bytes(), &Options { service_ms: None, ..options() }).unwrap();
    let kinds: Vec<Kind> = document.bursts().map(|burst| burst.verdict.kind).collect();
    assert_eq!(kinds, [Kind::Parallel, Kind::Parallel]);
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_is_read_run_by_run() {
    let database = tempfile::NamedTempFile::new().unwrap();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE oha (url TEXT NOT NULL, start REAL NOT NULL, start_latency_correction REAL, end REAL NOT NULL,
             duration REAL NOT NULL, status INTEGER NOT NULL, len_bytes INTEGER NOT NULL, run INTEGER NOT NULL)",
        )
        .unwrap();
    for (run, at_a_time) in [(1, 10), (2, 1)] {
        for (began, took) in served(at_a_time) {
            let values = (began, began + took, took, run);
            connection
                .execute("INSERT INTO oha VALUES ('/e1/p1', ?1, NULL, ?2, ?3, 200, 178, ?4)", values)
                .unwrap();
        }
    }
    connection.execute("INSERT INTO oha VALUES ('/', 'x', NULL, 1, 1, 200, 1, 1)", ()).unwrap();
    let document = read(&std::fs::read(database.path()).unwrap(), &options()).unwrap();
    let kinds: Vec<_> =
        document.runs.iter().map(|run| (run.setup.as_str(), run.bursts[0].verdict.kind)).collect();
    assert_eq!(kinds, [("run 1", Kind::Parallel), ("run 2", Kind::Sequential)]);
    assert_eq!(document.source.unwrap().broken_rows, 1);
}

#[test]
fn at_most_max_rows_requests_are_kept() {
    let requests: Vec<(f64, f64)> = (0..1_000).map(|i| (f64::from(i) * 1e-4, 1.0)).collect();
    let burst = burst(&vegeta_csv(&requests), &Options { max_rows: 100, ..options() });
    assert_eq!((burst.requests.len(), burst.counted_only, burst.n, burst.ok), (100, 900, 1_000, 1_000));
    let all = Options { max_rows: 100, n: Some(1_000), ..options() };
    let known = self::burst(&vegeta_csv(&requests), &all);
    assert_eq!((known.n, known.verdict.kind), (1_000, burst.verdict.kind), "no request is missing");
}

#[test]
fn rejected_rows_are_counted_and_the_first_is_reported() {
    let mut text = "\u{feff}".to_owned() + &hey_csv(&served(1));
    text.push_str("1.0,x,0,0,0,0,200,0\n1.0\n");
    text.push_str(&"9".repeat(5 * 1024 * 1024));
    let document = read(text.as_bytes(), &options()).unwrap();
    let source = document.source.unwrap();
    assert_eq!(source.broken_rows, 3);
    let lacks = source.lacks.concat();
    assert!(
        lacks.contains("3 rows could not be read, the first: ")
            && lacks.contains("line 12: DNS+dialup is \"x\""),
        "{lacks}"
    );
}

#[test]
fn an_unknown_format_gets_an_error_with_the_supported_formats() {
    let error = |bytes: &[u8]| format!("{:#}", read(bytes, &options()).unwrap_err());
    for (text, expected) in [
        ("", "the file is empty"),
        ("hello", "its format isn't known"),
        ("{\"a\": 1}", "its format isn't known"),
        ("Summary:\n  Total: 1 secs", "run hey with -o csv"),
        ("{\"metrics\":{},\"summary\":{}}", "--out json=FILE"),
        ("{\"latencies\":{}}", "vegeta encode"),
        ("system,manifest,setup,round\n", "result.json beside it"),
        (
            "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n",
            "the file has no requests",
        ),
        ("SQLite format 3\0 and no more", "SQLite"),
        ("\u{1f}\u{8b}", "its format isn't known"),
    ] {
        let error = error(text.as_bytes());
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(error(&[0x1f, 0x8b, 8, 0, 0]).contains("file.csv"), "the name of the file");
    let (hey, oha) = (hey_csv(&served(1)), oha_csv(&served(1)));
    let error = |texts: [&String; 2]| {
        read_all(&texts.map(|text| text.as_bytes()), &options()).unwrap_err().to_string()
    };
    assert!(error([&hey, &oha]).contains("different formats"));
    assert!(error([&hey, &hey]).contains("its own start"));
}

#[test]
fn an_imported_document_is_not_judged_again() {
    let document = read(hey_csv(&served(1)).as_bytes(), &options()).unwrap();
    let error = read(
        serde_json::to_string(&document).unwrap().as_bytes(),
        &Options { service_ms: None, ..options() },
    );
    assert!(format!("{:#}", error.unwrap_err()).contains("hey measured this"));
}

#[test]
fn a_result_json_gets_the_same_verdict_again() {
    for burst in [crate::document::sample::waves(), crate::document::sample::together()] {
        let judged = judge::verdict::judge(&trace(&burst, Default::default())).rounded();
        let document = crate::document::sample::document(vec![Burst { verdict: judged.clone(), ..burst }]);
        let text = serde_json::to_string(&document).unwrap();
        let again = read(text.as_bytes(), &Options { service_ms: None, ..options() }).unwrap();
        assert_eq!(again.bursts().next().unwrap().verdict, judged);
        assert_eq!(again.runs, document.runs);
    }
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(
        format in 0_usize..7, at_a_time in 1_usize..10, at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..12), cut in any::<bool>(),
    ) {
        let mut text = WRITERS[format].0(&served(at_a_time)).into_bytes();
        let at = at.index(text.len());
        text.splice(at..(at + bytes.len()).min(text.len()), bytes);
        if cut {
            text.truncate(at);
        }
        let _ = read(&text, &options());
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), format in 0_usize..7) {
        let header = WRITERS[format].0(&[]);
        let _ = read(&bytes, &options());
        let _ = read(&[header.as_bytes(), &bytes].concat(), &options());
    }

    #[test]
    fn any_numbers_never_panic(numbers in prop::collection::vec(any::<f64>(), 8), whole in any::<[i64; 3]>()) {
        let numbers: Vec<String> = numbers.iter().map(f64::to_string).collect();
        let line = numbers.join(",").replace(".0,", ",");
        for header in [hey::HEADER, oha::HEADER, k6::HEADER] {
            let _ = read(format!("{header}\n{line}\n{line}\n").as_bytes(), &options());
        }
        let [began, took, status] = whole;
        let _ = read(format!("{began},{status},{took},0,0,,,,0,GET,u,\n{},200,{took},0,0,,,,0,GET,u,\n", began / 2).as_bytes(), &options());
    }
}
