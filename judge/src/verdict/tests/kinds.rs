//! Kinds and shapes of simple bursts.

use std::time::Duration;

use super::*;
use crate::trace::{Baseline, ErrorKind, Fault};
use crate::verdict::{Confidence, Kind, Shape};

#[test]
fn all_at_once_is_parallel_and_together() {
    let verdict = judge(&together(10, 10));
    assert_eq!(
        (verdict.kind, verdict.shape, verdict.confidence),
        (Kind::Parallel, Some(Shape::Together), Confidence::High)
    );
    assert_eq!((verdict.at_a_time, verdict.at_a_time_low), (Some(10.0), Some(10.0)));
    assert_eq!(verdict.why, "10 requests took 1.00 s in total; one request alone takes 1.00 s.");
}

#[test]
fn one_by_one_is_sequential_and_a_staircase() {
    let verdict = judge(&together(10, 1));
    assert_eq!((verdict.kind, verdict.shape), (Kind::Sequential, Some(Shape::Staircase)));
    assert_eq!(
        verdict.why,
        "10 requests took 10.0 s in total; one request alone takes 1.00 s. They were answered one by one. \
         Possible causes: a single worker, a lock, or a handler that blocks an event loop."
    );
    let remedy = verdict.remedy.unwrap_or_default();
    assert!(remedy.starts_with("With a worker pool: let the handler wait without blocking"), "{remedy}");
}

#[test]
fn a_pool_of_four_is_limited_to_four_in_waves() {
    let verdict = judge(&together(10, 4));
    assert_eq!(
        (verdict.kind, verdict.shape, verdict.at_a_time),
        (Kind::Limited, Some(Shape::Waves), Some(4.0))
    );
    assert_eq!(verdict.headline(), "limited, 4 at a time");
}

#[test]
fn a_blocked_shared_instance_is_batched_by_its_evidence() {
    let rows = (0..10).map(|i| answered(i, Some(0.0), i as f64, 10_100_000.0 + i as f64)).collect();
    let mut trace = trace(Schedule::together(10), rows);
    assert_eq!(
        judge(&trace).shape,
        Some(Shape::Stretched),
        "without evidence, it looks like a shared processor"
    );
    let stays: Vec<_> = (0..10).map(|i| (i, 1.0, 1_100.0 + i as f64 * 1_000.0)).collect();
    in_instance(&mut trace, "a", &stays);
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Sequential, Some(Shape::Batched)));
    assert!(
        verdict.why.contains("One instance served all 10 requests; 10 of them were in a handler together"),
        "{}",
        verdict.why
    );
    assert_eq!(
        verdict.remedy.as_deref(),
        Some(
            "e2-p4 awaits and then blocks; 10 requests shared one instance. Replace the blocking call by its async \
             form, or run with --max-instance-concurrent-reuse-count 1."
        )
    );
}

#[test]
fn sharing_an_instance_without_blocking_is_parallel() {
    let mut trace = together(10, 10);
    let stays: Vec<_> = (0..10).map(|i| (i, 1.0, 1_000.0)).collect();
    in_instance(&mut trace, "a", &stays);
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Parallel, Some(Shape::Together)));
    assert!(
        verdict.why.ends_with("One instance served all 10 requests; none blocked another."),
        "{}",
        verdict.why
    );
}

#[test]
fn rejected_requests_are_refused_and_the_others_are_judged() {
    let mut trace = together(10, 10);
    for row in &mut trace.rows[6..] {
        row.outcome = Outcome::Answered(503);
        row.done_us = 1_000.0;
    }
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Refused, Some(Shape::Together)));
    assert!(
        verdict.why.starts_with(
            "6 answered, 4 refused (status 503). The server took 6 at once, and refused the rest."
        ),
        "{}",
        verdict.why
    );
}

#[test]
fn without_answers_the_burst_is_refused_and_has_no_shape() {
    let mut trace = together(4, 4);
    // A request alone was answered.
    trace.baseline = Baseline::new(vec![SERVICE_MS]);
    for row in &mut trace.rows {
        row.outcome = Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset"));
    }
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape, verdict.at_a_time), (Kind::Refused, None, None));
    assert_eq!(verdict.why, "0 answered, 4 refused (connection reset).");
}

#[test]
fn overlapping_waves_in_one_instance_do_not_block_each_other() {
    let schedule = Schedule { c: 5, ..Schedule::together(10) };
    let mut trace = pool(schedule, 10, 0.0, &mut rng());
    // The first request of the second wave enters before the last request of the first wave has left.
    let stays: Vec<_> =
        (0..10).map(|i| (i, (i / 5) as f64 * 1_000.0, (i / 5 + 1) as f64 * 1_000.0 + 5.0)).collect();
    in_instance(&mut trace, "a", &stays);
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Parallel, Some(Shape::Together)));
    assert!(verdict.why.ends_with("; none blocked another."), "{}", verdict.why);
}

#[test]
fn shared_cores_with_a_busy_neighbour_are_stretched() {
    let done = [3_032, 4_458, 4_863, 5_196, 5_250, 5_262, 5_270, 5_811];
    let rows = done.iter().enumerate().map(|(i, ms)| answered(i, Some(0.0), 0.0, f64::from(*ms) * 1e3));
    let verdict = judge(&trace(Schedule::together(8), rows.collect()));
    assert_eq!((verdict.kind, verdict.shape), (Kind::Limited, Some(Shape::Stretched)), "{verdict:?}");
}

#[test]
fn spacing_changes_no_verdict() {
    let schedule = Schedule { spacing: Duration::from_millis(5), ..Schedule::together(10) };
    let mut rng = rng();
    assert_eq!(judge(&pool(schedule, 10, 0.0, &mut rng)).kind, Kind::Parallel);
    assert_eq!(judge(&pool(schedule, 1, 0.0, &mut rng)).kind, Kind::Sequential);
}
