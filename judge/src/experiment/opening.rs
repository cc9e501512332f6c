//! The first experiments, so that there is something to explain.

use super::budget::Left;
use super::candidates::{self, PAIRS};
use super::plan::{Experiment, Observed};
use crate::trace::Ending;

/// The sizes of the first bursts.
const FIRST: usize = 8;
const SECOND: usize = 40;
/// A burst may take so much of the time that is left.
const MOST_TIME: f64 = 0.2;

/// Returns the first bursts, as long as there is something new to see.
pub(super) fn opening(service_ms: f64, seen: &[Observed], left: Left) -> Option<Experiment> {
    let alone = (service_ms / 1e3).max(1e-4);
    let fit = |each: f64, most: usize| -> usize {
        let by_time = (MOST_TIME * left.seconds / each.max(1e-6)) as usize;
        most.min(by_time.max(2)).min(left.requests)
    };
    match seen {
        [] => Some(candidates::burst(fit(alone, FIRST), "shows whether there is a limit on few requests")),
        [first] => {
            let (n, last) = extent(first);
            let size = fit(last / n.max(1) as f64, SECOND);
            Some(candidates::burst(size, "shows how answers follow each other"))
        }
        [.., second] if seen.len() == 2 => {
            let (n, last) = extent(second);
            let n = n.min(left.requests);
            (last < 0.7 * left.seconds)
                .then(|| candidates::again(n, "what happens once may not happen again"))
        }
        [_, second, _] => {
            let refuses = seen
                .iter()
                .flat_map(|one| &one.traces)
                .any(|trace| trace.rows.iter().any(|row| row.ending() == Ending::Refused));
            let (n, last) = extent(second);
            let lasts = 1.2 * alone + 2.0 * last / n.max(1) as f64;
            let count = ((MOST_TIME * left.seconds / lasts) as usize).clamp(3, PAIRS);
            let pairs = candidates::pairs(count, 0.5 * alone, lasts);
            let next = if refuses { candidates::alone(alone) } else { pairs };
            let is_short = next.seconds(lasts) < left.seconds;
            (is_short && next.requests() <= left.requests).then_some(next)
        }
        _ => None,
    }
}

/// Returns the number of the first part's requests, and the time until the last was answered, in seconds.
fn extent(one: &Observed) -> (usize, f64) {
    let trace = one.traces.first();
    let last = trace.into_iter().flat_map(|trace| &trace.rows).map(|row| row.done_us).fold(0.0, f64::max);
    (one.experiment.parts.first().map_or(0, |part| part.n), last / 1e6)
}
