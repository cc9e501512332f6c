//! The judge on thousands of generated bursts of servers whose truth is known.

#[path = "common/synthetic/mod.rs"]
#[allow(dead_code, reason = "the document uses more of it")]
mod synthetic;

use loadtest::verdict::{Confidence, judge};
use synthetic::{Random, Score, case};

const SEED: u64 = 4;
const CASES: usize = 4_000;

#[test]
fn right_where_it_is_sure_and_sure_where_it_is_plain() {
    let mut random = Random::new(SEED);
    let mut score = Score::default();
    let show = std::env::var("SHOW").ok();
    for number in 0..CASES {
        let case = case(&mut random);
        let verdict = judge(&case.trace);
        if let Some(show) = &show {
            let wrong = verdict.confidence == Confidence::High && !case.is_right(&verdict);
            let lost = case.plain && verdict.kind == loadtest::verdict::Kind::Inconclusive;
            if (show.contains('w') && wrong) || (show.contains('l') && lost) {
                println!(
                    "{} {number} {:?} {:?} k={:?} n={} c={} last planned {:.2}: {:?} {:?} {:?}..{:?} {:?} {:?} | {}",
                    if wrong { "WRONG" } else { "LOST" },
                    case.family, case.truth, case.k, case.trace.schedule.n, case.trace.schedule.c,
                    case.trace.rows.iter().filter_map(|row| row.planned_us).fold(0.0, f64::max) / 1e3 / case.trace.service_ms,
                    verdict.kind, verdict.at_a_time, verdict.at_a_time_low, verdict.at_a_time_high, verdict.shape, verdict.confidence, verdict.why
                );
            }
        }
        score.count(&case, &verdict);
    }
    let all = score.all();
    if show.is_some() {
        for (family, tally) in &score.families {
            println!("{family:?} {tally:?}");
        }
        println!("{all:?}");
    }
    assert!(all.high_right * 100 >= all.high * 99, "{} of {} were right", all.high_right, all.high);
    assert!(
        all.plain_inconclusive * 10 <= all.plain,
        "{} of {} plain ones were inconclusive",
        all.plain_inconclusive,
        all.plain
    );
    // A judge that is never sure is never wrong.
    assert!(all.high * 2 >= all.cases, "it was sure of {} of {} only", all.high, all.cases);
}
