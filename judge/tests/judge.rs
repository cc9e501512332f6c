//! The judge on thousands of random bursts at simulated servers with known behaviour.

use judge::mechanism::Name;
use judge::schedule::Schedule;
use judge::trace::{Baseline, Outcome, Row, Trace};
use judge::verdict::{Confidence, Kind, Verdict, judge};
use simulator::{Case, Random, Score, ServiceTimes, case};

const SEED: u64 = 4;
const CASES: usize = 4_000;

#[test]
fn high_confidence_is_right_and_plain_cases_are_conclusive() {
    let mut random = Random::new(SEED);
    let mut score = Score::default();
    let mut failures = Vec::new();
    for number in 0..CASES {
        let case = case(&mut random, ServiceTimes::Uniform);
        let verdict = judge(&case.trace);
        score.add(&case, &verdict);
        failures.extend(failure(&case, &verdict).map(|failure| format!("{number}: {failure}\n")));
    }
    let (all, failures) = (score.all(), failures.concat());
    assert!(
        all.high_right * 100 >= all.high * 99,
        "{} of {} were right\n{failures}",
        all.high_right,
        all.high
    );
    assert!(
        all.plain_inconclusive * 10 <= all.plain,
        "{} of {} plain cases were inconclusive\n{failures}",
        all.plain_inconclusive,
        all.plain
    );
    // A judge that is never sure is never wrong.
    assert!(all.high * 2 >= all.cases, "only {} of {} verdicts had high confidence", all.high, all.cases);
    for (family, counts) in &score.families {
        assert!(counts.cases >= 200, "{family:?} has only {} cases", counts.cases);
    }
}

fn failure(case: &Case, verdict: &Verdict) -> Option<String> {
    let is_wrong = verdict.confidence == Confidence::High && !case.is_right(verdict);
    let is_lost = case.plain && verdict.kind == Kind::Inconclusive;
    let Case { family, truth, k, trace, .. } = case;
    (is_wrong || is_lost).then(|| format!("{family:?}, {truth}, k {k:?}, {:?}: {verdict:?}", trace.schedule))
}

/// Eight requests of 1.11 seconds, answered together as by two processors, while the server answered other requests at these times.
fn answered_together(beside_us: &[f64]) -> Verdict {
    let alone_ms = 1_110.0;
    let row = |i: usize| Row {
        i,
        planned_us: Some(0.0),
        sent_us: Some(10.0 * i as f64),
        done_us: 8e3 * alone_ms / 1.94 - 2_000.0 * (8 - i) as f64,
        outcome: Outcome::Answered(200),
        ..Row::default()
    };
    let rows = (0..8).map(row).collect();
    let baseline = Baseline::new([1.01, 1.0, 0.99].map(|factor| factor * alone_ms).to_vec());
    let beside_us = beside_us.to_vec();
    judge(&Trace { baseline, beside_us, ..Trace::new(Schedule::together(8), alone_ms, rows) })
}

#[test]
fn a_server_that_answers_other_requests_does_not_pause() {
    assert_eq!(answered_together(&[]).kind, Kind::Inconclusive);
    // It may have stood still after such an answer.
    assert_eq!(answered_together(&[100_000.0]).kind, Kind::Inconclusive);
    for beside_us in [1_050_000.0, 1_300_000.0] {
        let Verdict { kind, mechanism, .. } = answered_together(&[beside_us]);
        let class: Vec<Name> = mechanism.iter().flat_map(|one| one.class().collect::<Vec<_>>()).collect();
        assert_eq!((kind, class), (Kind::Limited, vec![Name::SharedCpu]), "{beside_us}");
    }
}
