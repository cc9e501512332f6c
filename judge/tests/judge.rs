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

/// Eight requests of one second, answered together after 4.15 seconds.
fn answered_together() -> Trace {
    let row = |i: usize| Row {
        i,
        planned_us: Some(0.0),
        sent_us: Some(10.0 * i as f64),
        done_us: 4_150_000.0 + 100.0 * i as f64,
        outcome: Outcome::Answered(200),
        ..Row::default()
    };
    let baseline = Baseline::new(vec![1_001.0, 1_000.0, 1_002.0]);
    Trace { baseline, ..Trace::new(Schedule::together(8), 1_001.0, (0..8).map(row).collect()) }
}

#[test]
fn a_server_that_answers_other_requests_does_not_pause() {
    let class = |beside_us: &[f64]| -> Vec<Name> {
        let verdict = judge(&Trace { beside_us: beside_us.to_vec(), ..answered_together() });
        verdict.mechanism.iter().flat_map(|one| one.class().collect::<Vec<_>>()).collect()
    };
    assert_eq!(class(&[]), [Name::SharedCpu, Name::Pause]);
    // It may have stood still after these answers.
    assert_eq!(class(&[500_000.0, 900_000.0]), [Name::SharedCpu, Name::Pause]);
    assert_eq!(class(&[1_200_000.0]), [Name::SharedCpu]);
}
