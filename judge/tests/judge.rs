//! The judge on thousands of random bursts at simulated servers with known behaviour.

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
