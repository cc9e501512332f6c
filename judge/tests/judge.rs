//! The judge on thousands of generated bursts of servers whose truth is known.

use judge::verdict::{Confidence, Kind, Verdict, judge};
use simulator::{Case, Random, Score, Spread, case};

const SEED: u64 = 4;
const CASES: usize = 4_000;

#[test]
fn right_where_it_is_sure_and_sure_where_it_is_plain() {
    let mut random = Random::new(SEED);
    let mut score = Score::default();
    let mut missed = Vec::new();
    for number in 0..CASES {
        let case = case(&mut random, Spread::Even);
        let verdict = judge(&case.trace);
        score.count(&case, &verdict);
        missed.extend(miss(&case, &verdict).map(|miss| format!("{number}: {miss}\n")));
    }
    let (all, missed) = (score.all(), missed.concat());
    assert!(all.high_right * 100 >= all.high * 99, "{} of {} were right\n{missed}", all.high_right, all.high);
    assert!(
        all.plain_inconclusive * 10 <= all.plain,
        "{} of {} plain ones were inconclusive\n{missed}",
        all.plain_inconclusive,
        all.plain
    );
    // A judge that is never sure is never wrong.
    assert!(all.high * 2 >= all.cases, "it was sure of {} of {} only", all.high, all.cases);
    for (family, counts) in &score.families {
        assert!(counts.cases >= 200, "{family:?} had {} only", counts.cases);
    }
}

fn miss(case: &Case, verdict: &Verdict) -> Option<String> {
    let wrong = verdict.confidence == Confidence::High && !case.is_right(verdict);
    let lost = case.plain && verdict.kind == Kind::Inconclusive;
    let Case { family, truth, k, trace, .. } = case;
    (wrong || lost).then(|| format!("{family:?}, {truth}, k {k:?}, {:?}: {verdict:?}", trace.schedule))
}
