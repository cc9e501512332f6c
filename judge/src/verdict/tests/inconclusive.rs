//! Measurements that support no verdict.

use super::*;
use crate::trace::{ErrorKind, Fault};
use crate::verdict::{Confidence, Kind};

#[test]
fn an_unusable_measurement_is_inconclusive_with_a_reason() {
    let check = |change: fn(&mut Trace), reason: &str| {
        let mut trace = together(10, 10);
        change(&mut trace);
        let verdict = judge(&trace);
        assert_eq!((verdict.kind, verdict.at_a_time), (Kind::Inconclusive, None), "{reason}");
        assert!(
            verdict.reasons.iter().any(|found| found.contains(reason)),
            "{reason}: {:?}",
            verdict.reasons
        );
        assert!(verdict.why.contains(reason));
    };
    check(
        |trace| trace.rows[3].outcome = Outcome::Failed(Fault::new(ErrorKind::Other, "no free descriptor")),
        "failed on the client's side",
    );
    check(|trace| trace.rows[3].sent_us = Some(150_000.0), "sent up to 150.0 ms late");
    check(|trace| trace.generator.cpu = 0.95, "the load generator was the bottleneck");
    check(
        |trace| (trace.generator.cpu, trace.generator.lag_p99_us) = (0.7, 200_000.0),
        "the load generator was the bottleneck",
    );
    check(|trace| trace.generator.lag_p99_us = 200_000.0, "the machine was busy: timers were 200 ms late");
    let two = judge(&together(2, 2));
    assert_eq!(two.kind, Kind::Inconclusive);
    assert!(two.why.contains("2 answers are too few"), "{}", two.why);
}

#[test]
fn a_straggler_is_no_second_wave() {
    let mut trace = together(10, 10);
    trace.rows[9].done_us = 1_500_000.0;
    let verdict = judge(&trace);
    assert!(matches!(verdict.kind, Kind::Parallel | Kind::Inconclusive), "{verdict:?}");
    assert_ne!(verdict.confidence, Confidence::High);
}

#[test]
fn a_burst_quicker_than_the_service_time_is_inconclusive() {
    let mut trace = together(10, 10);
    trace.service_ms *= 3.0;
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.contains("took less than one request alone (3.00 s)"), "{}", verdict.why);
}

#[test]
fn a_single_connection_is_inconclusive() {
    let schedule = Schedule { c: 1, ..Schedule::together(12) };
    let verdict = judge(&pool(schedule, 12, 0.0, &mut rng()));
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.contains("one connection sends one request at a time"), "{}", verdict.why);
}

/// Bursts of up to two requests more than are served at a time.
#[test]
fn an_open_question_says_what_the_answers_look_like_and_what_would_settle_it() {
    let mut rng = rng();
    let bursts = (0..20).map(|i| pool(Schedule::together(9 + i % 2), 8, 0.2, &mut rng));
    let open: Vec<_> =
        bursts.map(|burst| judge(&burst)).filter(|one| one.kind == Kind::Inconclusive).collect();
    assert!(!open.is_empty());
    for verdict in open {
        let why = &verdict.why;
        assert!(why.contains("The gaps between the answers") || why.contains("The answers came"), "{why}");
        assert!(why.contains(" would explain the answers; "), "{why}");
        assert!(why.contains("; to tell ") || why.contains("; send more requests at once"), "{why}");
        let sentences = verdict.mechanism_sentences();
        assert!(
            sentences.iter().all(|one| one.starts_with("Open: ")),
            "the reason says the rest: {sentences:?}"
        );
        assert_eq!(verdict.remedy, None);
    }
}
