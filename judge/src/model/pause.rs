//! The whole server stands still once.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.02;
/// A pause before the first answer delays all by the same time, as shared processors do, which are far more common.
const EARLY_PRIOR: f64 = 0.000_5;

/// If the answers to other bursts leave a smaller share of the possible starts, there was no pause.
const LEAST_SHARE: f64 = 0.1;

pub(super) struct Pause;

impl Model for Pause {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        // The longest time without an answer after the first one, or after the time of a request alone.
        let mut before = burst.alone.min(burst.observed.done[0]);
        let mut longest = (0.0, 0.0);
        for done in &burst.observed.done {
            if done - before > longest.1 - longest.0 {
                longest = (before, *done);
            }
            before = before.max(*done);
        }
        let (from, to) = longest;
        if to - from < 0.15 * burst.alone {
            return Vec::new();
        }
        let frozen = |from: f64, to: f64| Speed::Frozen(from, to);
        if from < burst.observed.done[0] {
            // When it began can't be seen.
            let delay = (to - burst.alone).max(0.15 * burst.alone);
            return explain(fitter, 0.0, delay, frozen).into_iter().collect();
        }
        let held = |from: f64, to: f64| Speed::Held(from, to);
        let kinds: [fn(f64, f64) -> Speed; 2] = [held, frozen];
        kinds.into_iter().filter_map(|speed| explain(fitter, from, to, speed)).collect()
    }
}

fn explain(fitter: &Fitter, from: f64, to: f64, speed: fn(f64, f64) -> Speed) -> Option<Explanation> {
    let burst = fitter.burst;
    let width = burst.observed.cells.first()?.to.min(0.05 * burst.alone);
    let is_early = from < burst.observed.done[0];
    // A pause without an end in the burst's first part is a late start, for which there are better explanations.
    let fitted = fitter.fit(fitter.service(), &[(to - from).ln()], &[0.03], 40, |service, at| {
        let length = at[0].exp();
        // The pause ends shortly before its first answer, which needs no time then if it was only held.
        let start = match speed(0.0, 1.0) {
            Speed::Held(..) => to - width - length,
            _ => from,
        };
        (start >= 0.0).then(|| Hypothesis {
            ready: burst.observed.arrivals.clone(),
            capacity: Capacity::Unlimited,
            speed: speed(start, start + length),
            service,
        })
    })?;
    // An early pause may have begun at any time until the first requests would have been served.
    let share = if is_early { burst.share_of_starts(burst.alone, fitted.parameters[0].exp()) } else { 1.0 };
    (share >= LEAST_SHARE).then(|| Explanation {
        name: Name::Pause,
        parameters: Parameters { delay_ms: Some(fitted.parameters[0].exp() * 1e3), ..Parameters::default() },
        log: fitted.log,
        prior: if is_early { EARLY_PRIOR.ln() } else { PRIOR.ln() + fitter.penalty_of_delay(&fitted) }
            + fitter.penalty_of_delay(&fitted)
            + burst.coincidence(to)
            + share.ln(),
        kind: Kind::Parallel,
        k: Some(burst.offered as f64),
        reach: 0.0,
        hypothesis: Some(fitted.hypothesis),
        describes: true,
        is_seen_alone: !is_early,
    })
}
