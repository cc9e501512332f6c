//! Which pool size explains the completions best.

mod candidate;
mod completions;

use crate::arrivals::ArrivalTimes;
use crate::trace::Trace;

use candidate::{Candidate, cheapest};
use completions::Completions;

/// The number of sizes that are tried in a round. The next round has a finer step around the best size.
const SIZES_PER_ROUND: usize = 64;
/// Sizes are equally good if their deviations differ by at most this much, in service times and as a share of the best
/// deviation.
const TOLERANCE: (f64, f64) = (0.02, 0.2);
/// The fits with and without a start delay are equally good up to this ratio of their costs.
const RIVAL_COST: f64 = 1.5;
/// The largest deviation from a consistent pool, in service times, for one wave.
const MAX_DEVIATION: f64 = 0.3;
/// The largest mean deviation that service times which vary by 30 % to either side explain, in service times, for one
/// wave.
const TIGHT_DEVIATION: f64 = 0.09;

/// The pool size that explains the completions best.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    /// The best size.
    pub(crate) k: usize,
    /// The smallest size that is equally good.
    pub(crate) low: usize,
    /// The largest size that is equally good.
    pub(crate) high: usize,
    /// Whether the completions, in particular the last, agree with a pool of `k`, within the variation of service times. A
    /// straggler is no second wave.
    pub(crate) is_consistent: bool,
    /// Whether service times that vary by 30 % to either side explain all deviations.
    pub(crate) tight_fit: bool,
    cost: f64,
    /// The number of sizes that were tried.
    #[cfg(test)]
    pub(crate) tried: usize,
}

/// Fits k by the least absolute deviation of the sorted completions from the completions of a pool of k.
///
/// `effective` is the effective concurrency, by the makespan. The size of a pool is at least about that, and at most
/// about twice that: only the last wave can run partly empty. `offered` is the largest number of requests that can be in
/// the server at once.
pub(crate) fn fit(trace: &Trace, arrivals: &ArrivalTimes, offered: usize, effective: f64) -> Option<Fit> {
    let completions = Completions::of(trace, arrivals)?;
    let (least, most) = completions.sizes(offered.max(1), effective);
    let fit = |may_start_late: bool| {
        Fit::of(&search(least, most, |k| completions.try_size(arrivals, k, may_start_late)))
    };
    let on_time = fit(false)?;
    // A start delay only shows in a burst that arrived together.
    if completions.together { Some(on_time.or_better(fit(true)?)) } else { Some(on_time) }
}

impl Fit {
    fn of(candidates: &[Candidate]) -> Option<Self> {
        let best = cheapest(candidates)?;
        let (fixed, share) = TOLERANCE;
        let limit = best.deviation * (1.0 + share) + fixed;
        let equally_good = || {
            let good = candidates.iter().filter(|one| one.is_plausible() && one.deviation <= limit);
            good.map(|one| one.k).chain([best.k])
        };
        // The variation of single waves adds up with the root of their number.
        let allowed = MAX_DEVIATION * best.waves.sqrt();
        Some(Self {
            k: best.k,
            low: equally_good().min()?,
            high: equally_good().max()?,
            is_consistent: best.is_plausible()
                && best.deviation <= allowed * best.service
                && best.end_deviation <= allowed,
            tight_fit: best.deviation <= TIGHT_DEVIATION * best.waves.sqrt() * best.service,
            cost: best.cost(),
            #[cfg(test)]
            tried: candidates.len(),
        })
    }

    /// Returns the better fit. If the other is nearly as good, the interval contains its sizes, too: if the request alone
    /// was a quick one, any burst looks like a burst with a start delay.
    fn or_better(self, other: Self) -> Self {
        let (better, worse) = if other.cost < self.cost { (other, self) } else { (self, other) };
        let is_rival =
            worse.is_consistent && worse.tight_fit && worse.cost <= RIVAL_COST * better.cost + TOLERANCE.0;
        if !is_rival {
            return better;
        }
        Self { low: better.low.min(worse.low), high: better.high.max(worse.high), ..better }
    }
}

/// Tries sizes in rounds, each with a finer step around the best size of the previous.
fn search(least: usize, most: usize, mut try_size: impl FnMut(usize) -> Candidate) -> Vec<Candidate> {
    let (mut from, mut to) = (least, most);
    let mut candidates: Vec<Candidate> = Vec::new();
    loop {
        let step = (to - from).div_ceil(SIZES_PER_ROUND).max(1);
        for k in (from..to).step_by(step).chain([to]) {
            if candidates.iter().all(|one| one.k != k) {
                candidates.push(try_size(k));
            }
        }
        let Some(best) = cheapest(&candidates).filter(|_| step > 1) else { return candidates };
        (from, to) = (best.k.saturating_sub(step).max(least), (best.k + step).min(most));
    }
}
