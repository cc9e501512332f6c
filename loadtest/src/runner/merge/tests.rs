use judge::verdict::Kind;
use results::document::{Request, sample};

use super::*;

/// Ten requests to a server that takes four at a time, split between two generators. The second starts `late_us` later.
fn halves(late_us: u64) -> [Document; 2] {
    let whole = {
        let mut rows = sample::rows(10, 4, 0);
        rows[9].outcome = judge::trace::Outcome::Answered(200);
        sample::burst("http://a/x", "x", rows, verdict::Verdict::of(Kind::Limited))
    };
    [0, 1].map(|half| {
        let requests: Vec<Request> =
            whole.requests.iter().filter(|request| request.i % 2 == half).cloned().collect();
        let requests =
            requests.into_iter().enumerate().map(|(i, request)| Request { i, ..request }).collect();
        let start_unix_us = Some(1_000_000 + late_us * half as u64);
        sample::document(vec![Burst {
            n: 5,
            c: 5,
            ok: 5,
            failed: 0,
            start_unix_us,
            requests,
            ..whole.clone()
        }])
    })
}

fn files() -> Vec<String> {
    ["a.json", "b.json"].map(str::to_owned).to_vec()
}

#[test]
fn the_merged_halves_have_the_verdict_of_the_whole_burst() {
    let merged = merged(&halves(0), &files()).unwrap();
    let burst = merged.bursts().next().unwrap();
    assert_eq!((burst.n, burst.c, burst.ok), (10, 10, 10));
    assert_eq!((burst.verdict.kind, burst.verdict.at_a_time), (Kind::Limited, Some(4.0)));
    assert_eq!(
        burst.requests.iter().map(|request| request.i).collect::<Vec<_>>(),
        (0..10).collect::<Vec<_>>()
    );
    assert_eq!(merged.source.unwrap().files, files());
}

#[test]
fn the_baselines_are_joined() {
    let mut halves = halves(0);
    let times = |before: &[f64]| judge::trace::Baseline::new(before.to_vec());
    halves[0].runs[0].bursts[0].baseline = results::document::Baseline::of(&times(&[1_000.0, 1_010.0]));
    let baseline_of =
        |halves: &[Document]| merged(halves, &files()).unwrap().runs[0].bursts[0].baseline.clone();
    assert_eq!(baseline_of(&halves).unwrap().before_ms, [1_000.0, 1_010.0], "the other half has none");
    halves[1].runs[0].bursts[0].baseline =
        results::document::Baseline::of(&times(&[1_001.0, 1_011.0, 1_021.0]));
    let joined = baseline_of(&halves).unwrap();
    assert_eq!(joined.before_ms, [1_000.0, 1_001.0, 1_010.0, 1_011.0, 1_021.0]);
    assert_eq!(joined.median_ms, 1_010.0);
}

#[test]
fn a_late_start_is_start_skew() {
    let merged = merged(&halves(300_000), &files()).unwrap();
    let burst = merged.bursts().next().unwrap();
    assert!(burst.start_skew_us >= 300_000.0, "{}", burst.start_skew_us);
    assert_eq!(burst.verdict.kind, Kind::Inconclusive);
    assert!(burst.verdict.why.contains("late"), "{}", burst.verdict.why);
}

#[test]
fn documents_that_were_not_fired_together_are_an_error() {
    let error = |documents: &[Document]| format!("{:#}", merged(documents, &files()).unwrap_err());
    assert!(error(&halves(3_600_000_000)).contains("b.json: x started 3600.0 s after"));
    let [a, mut b] = halves(0);
    b.runs[0].setup = "2".to_owned();
    assert!(error(&[a.clone(), b.clone()]).contains("b.json has no setup 1"));
    b.runs[0].setup = "1".to_owned();
    b.runs[0].bursts[0].start_unix_us = None;
    assert!(error(&[a.clone(), b.clone()]).contains("b.json has no start time"));
    b.runs[0].bursts[0].start_unix_us = Some(1_000_000);
    b.runs[0].bursts[0].counted_only = 7;
    assert!(error(&[a.clone(), b]).contains("only counted"));
    assert!(error(std::slice::from_ref(&a)).contains("at least two result files"));
    let source =
        Source { tool: "hey".into(), format: "CSV".into(), files: vec![], lacks: vec![], broken_rows: 0 };
    assert!(error(&[Document { source: Some(source), ..a.clone() }, a]).contains("a.json is from hey"));
}
