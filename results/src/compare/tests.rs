use judge::mechanism::{Name, Parameters};

use super::*;
use crate::document::sample;

/// A document of rounds with these makespans, in milliseconds.
fn rounds(makespans: &[f64]) -> Document {
    let mut document = sample::document(vec![sample::waves()]);
    let run = document.runs[0].clone();
    document.runs = makespans
        .iter()
        .enumerate()
        .map(|(round, ms)| {
            let bursts = vec![Burst { makespan_ms: *ms, ..run.bursts[0].clone() }];
            Run { round: round as u32 + 1, bursts, ..run.clone() }
        })
        .collect();
    document
}

fn makespan(before: &[f64], after: &[f64]) -> Trend {
    Comparison::new(&rounds(before), &rounds(after), 0.05).pairs[0].times[0].change.trend
}

#[test]
fn a_difference_within_the_noise_is_noise() {
    assert_eq!(
        makespan(&[100.0, 130.0, 90.0, 120.0, 110.0], &[115.0, 95.0, 140.0, 125.0, 112.0]),
        Trend::Noise
    );
    assert_eq!(
        makespan(&[100.0, 160.0, 90.0, 120.0, 80.0], &[115.0, 95.0, 170.0, 135.0, 122.0]),
        Trend::Noise
    );
    assert_eq!(
        makespan(&[100.0, 101.0, 99.0, 100.5, 100.2], &[102.0, 103.0, 102.5, 102.2, 102.7]),
        Trend::Within
    );
    assert_eq!(makespan(&[100.0, 101.0, 99.0, 100.5], &[152.0, 153.0, 152.5, 152.2]), Trend::Slower);
    assert_eq!(makespan(&[152.0, 153.0, 152.5, 152.2], &[100.0, 101.0, 99.0, 100.5]), Trend::Quicker);
}

#[test]
fn too_few_rounds_give_no_trend() {
    assert_eq!(makespan(&[100.0], &[500.0]), Trend::Unknown);
    assert_eq!(
        makespan(&[100.0, 101.0, 99.0], &[500.0, 501.0, 502.0]),
        Trend::Unknown,
        "confidence is 90 % at most"
    );
}

#[test]
fn a_verdict_changes_only_if_both_are_certain() {
    let before = rounds(&[3000.0]);
    let mut after = before.clone();
    assert!(!Comparison::new(&before, &after, 0.05).is_changed());
    after.runs[0].bursts[0].verdict.kind = Kind::Sequential;
    let comparison = Comparison::new(&before, &after, 0.05);
    assert_eq!(comparison.pairs[0].verdict, Change::Changed);
    assert!(comparison.is_changed());
    after.runs[0].bursts[0].verdict.confidence = Confidence::Low;
    assert_eq!(Comparison::new(&before, &after, 0.05).pairs[0].verdict, Change::Uncertain);
}

#[test]
fn a_pool_of_another_size_is_a_changed_verdict() {
    let before = rounds(&[3000.0]);
    let mut after = before.clone();
    let verdict = &mut after.runs[0].bursts[0].verdict;
    (verdict.at_a_time, verdict.at_a_time_low, verdict.at_a_time_high) = (Some(8.0), Some(8.0), Some(8.0));
    assert_eq!(Comparison::new(&before, &after, 0.05).pairs[0].verdict, Change::Changed);
}

#[test]
fn a_different_load_is_not_compared_and_missing_bursts_are_named() {
    let before = rounds(&[3000.0]);
    let mut after = before.clone();
    after.runs[0].bursts[0].n = 20;
    let comparison = Comparison::new(&before, &after, 0.05);
    assert_eq!(comparison.pairs[0].incomparable.as_deref(), Some("requests: 10, then 20"));
    assert!(comparison.is_changed(), "the result doesn't show that nothing changed");
    after.runs[0].setup = "2".to_owned();
    let comparison = Comparison::new(&before, &after, 0.05);
    let [missing, new] = &comparison.only;
    assert_eq!((missing[0].as_str(), new.len()), ("waves of setup 1 on embedded, spin.toml", 1));
}

/// A document of a burst with this mechanism.
fn explained(name: Name, or: &[Name], per_second: f64) -> Document {
    let parameters = Parameters { per_second: Some(per_second), ..Parameters::default() };
    let mut document = rounds(&[3000.0]);
    document.runs[0].bursts[0].verdict.mechanism = Some(sample::mechanism(name, parameters, or, 0.95));
    document
}

#[test]
fn a_mechanism_changes_if_the_classes_have_nothing_in_common() {
    let rate = explained(Name::RateLimit, &[Name::Lock], 20.0);
    let change = |after: &Document| Comparison::new(&rate, after, 0.05).pairs[0].mechanism;
    let pool = explained(Name::WorkerPool, &[Name::Batching], 20.0);
    assert_eq!(change(&pool), Change::Changed);
    assert!(Comparison::new(&rate, &pool, 0.05).is_changed());
    assert_eq!(change(&explained(Name::Lock, &[], 20.0)), Change::Same, "one of the class");
    assert_eq!(change(&rounds(&[3000.0])), Change::Same, "none is named");
    assert_eq!(change(&explained(Name::RateLimit, &[], 20.5)), Change::Same, "within the tolerance");
    assert_eq!(change(&explained(Name::RateLimit, &[], 40.0)), Change::Uncertain, "a rate has no interval");
    let mut unsure = pool;
    unsure.runs[0].bursts[0].verdict.confidence = Confidence::Low;
    assert_eq!(change(&unsure), Change::Uncertain);
}
