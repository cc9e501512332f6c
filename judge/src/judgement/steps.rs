//! Steps in the completions that no lateness of the generator can have made.

use crate::stats::percentile;
use crate::trace::Trace;

/// Fewer steps than this may be steps by chance.
const MIN_STEPS: usize = 4;
/// A gap between completions is a step from this share of the largest gap on; the gaps within a wave are at most the
/// second share.
const STEP: (f64, f64) = (0.5, 0.2);
/// The largest distance from the 10th to the 90th percentile of the steps, as a share of their median.
const IRREGULAR: f64 = 0.3;
/// Lateness up to this share of a step leaves the steps countable.
const LATENESS: f64 = 1.0 / 3.0;

/// Returns the largest lateness, in milliseconds, beside which the steps of the completions are unmistakable. The answers
/// come one by one or in waves, with regular gaps. `None` if the completions have no such steps: then the verdict
/// rests on the service time.
pub(super) fn largest_lateness_ms(trace: &Trace) -> Option<f64> {
    let mut done: Vec<f64> = trace.answered().map(|row| row.done_us).collect();
    done.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = done.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let largest = gaps.iter().copied().fold(0.0, f64::max);
    let (mut steps, within): (Vec<f64>, Vec<f64>) = gaps.iter().partition(|gap| **gap >= STEP.0 * largest);
    steps.sort_by(f64::total_cmp);
    let at = |share| percentile(&steps, share).filter(|step| step.is_finite() && *step > 0.0);
    let (low, step, high) = (at(0.1)?, at(0.5)?, at(0.9)?);
    let regular = high - low <= IRREGULAR * step && within.iter().all(|gap| *gap <= STEP.1 * largest);
    // Many small gaps may add up to a step.
    let waves = within.iter().sum::<f64>() / steps.len() as f64 <= STEP.0 * step;
    (steps.len() >= MIN_STEPS && regular && waves).then_some(LATENESS * step / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::trace::{Outcome, Row};

    fn trace(done_ms: impl Iterator<Item = f64>) -> Trace {
        let row = |(i, ms): (usize, f64)| Row {
            i,
            done_us: ms * 1e3,
            outcome: Outcome::Answered(200),
            ..Row::default()
        };
        let rows: Vec<Row> = done_ms.enumerate().map(row).collect();
        Trace::new(Schedule::together(rows.len()), 300.0, rows)
    }

    #[test]
    fn regular_steps_bear_a_third_of_their_height() {
        let staircase = trace((1..=20).map(|i| f64::from(i) * 300.0));
        assert_eq!(largest_lateness_ms(&staircase).map(f64::round), Some(100.0));
        let waves = trace((0..20).map(|i| f64::from(i / 4 + 1) * 300.0 + f64::from(i % 4)));
        assert_eq!(largest_lateness_ms(&waves).map(f64::round), Some(99.0));
    }

    #[test]
    fn answers_without_regular_steps_bear_none() {
        assert_eq!(largest_lateness_ms(&trace((0..20).map(f64::from))).map(f64::round), Some(0.0));
        assert_eq!(largest_lateness_ms(&trace((0..20).map(|_| 300.0))), None);
        assert_eq!(largest_lateness_ms(&trace((1..=3).map(|i| f64::from(i) * 300.0))), None);
        let irregular = [300.0, 500.0, 900.0, 1_050.0, 1_400.0, 1_500.0, 1_900.0];
        assert_eq!(largest_lateness_ms(&trace(irregular.into_iter())), None);
        assert_eq!(largest_lateness_ms(&trace([f64::NAN, f64::INFINITY].into_iter())), None);
    }
}
