use std::fmt::Write;

use judge::verdict::{Confidence, Kind};

use crate::import::Options;
use crate::import::tests::samples::{START_NS, burst, options, read};

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
    let document = read(text.as_bytes(), &Options { service_ms: vec![], ..options() }).unwrap();
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
fn solo_requests_apply_to_all_setups_of_their_url() {
    let line = |metric: &str, value: f64, phase: &str, setup: &str| {
        let tags =
            serde_json::json!({ "url": "http://h/e1/p1", "status": "200", "setup": setup, "phase": phase });
        let data = serde_json::json!({ "time": "2026-11-24T00:00:09Z", "value": value, "tags": tags });
        serde_json::json!({ "metric": metric, "type": "Point", "data": data }).to_string() + "\n"
    };
    let mut text = String::new();
    for (phase, setup, times) in [
        ("solo", "1", &[1_002.0, 1_000.0, 1_001.0][..]),
        ("burst", "1", &[1_000.0; 5]),
        ("burst", "3", &[1_000.0; 5]),
    ] {
        for ms in times {
            text += &line("http_reqs", 1.0, phase, setup);
            text += &line("http_req_duration", *ms, phase, setup);
        }
    }
    let document = read(text.as_bytes(), &Options { service_ms: vec![], ..options() }).unwrap();
    let kinds: Vec<Kind> = document.bursts().map(|burst| burst.verdict.kind).collect();
    assert_eq!(kinds, [Kind::Parallel, Kind::Parallel]);
    for burst in document.bursts() {
        let baseline = burst.baseline.as_ref().unwrap();
        assert_eq!(baseline.before_ms, [1_002.0, 1_000.0, 1_001.0]);
        assert_eq!((burst.service_ms, baseline.median_ms), (1_001.0, 1_001.0));
    }
}
