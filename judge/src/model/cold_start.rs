//! New instances start late, by a fixed time; warm ones serve at once.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.2;
/// A shorter delay, as a share of the service time, is none.
const LEAST_DELAY: f64 = 0.15;

pub(super) struct ColdStart;

impl Model for ColdStart {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        // The requests alone have left at least one instance warm.
        let mut warm = vec![1, burst.at_first()];
        warm.retain(|warm| *warm < burst.answers());
        warm.dedup();
        warm.into_iter().filter_map(|warm| explain(fitter, warm)).collect()
    }
}

fn explain(fitter: &Fitter, warm: usize) -> Option<Explanation> {
    let burst = fitter.burst;
    let late = &burst.observed.done[warm..];
    let delay = late.get(late.len() / 2)? - burst.alone;
    // Without an early answer no instance was warm: the requests alone say otherwise.
    let is_early = burst.observed.done[warm - 1] < burst.alone + delay / 2.0;
    if delay < LEAST_DELAY * burst.alone || !is_early {
        return None;
    }
    let fitted = fitter.fit(fitter.service(), &[delay.ln()], &[0.03], 40, |service, at| {
        let delay = at[0].exp();
        (delay >= LEAST_DELAY * burst.alone).then(|| {
            let start = |(i, arrival): (usize, &f64)| if i < warm { *arrival } else { arrival + delay };
            let mut ready: Vec<f64> = burst.observed.arrivals.iter().enumerate().map(start).collect();
            ready.sort_by(f64::total_cmp);
            Hypothesis { ready, capacity: Capacity::Unlimited, speed: Speed::Full, service }
        })
    })?;
    Some(Explanation {
        name: Name::ColdStart,
        parameters: Parameters { delay_ms: Some(fitted.parameters[0].exp() * 1e3), ..Parameters::default() },
        log: fitted.log,
        prior: if warm > 1 { burst.coincidence(burst.alone + fitted.parameters[0].exp()) } else { 0.0 }
            + PRIOR.ln()
            + fitter.penalty(if warm > 1 { 2 } else { 0 })
            + fitter.penalty_of_delay(&fitted),
        kind: Kind::Parallel,
        k: Some(burst.offered as f64),
        reach: 0.0,
        hypothesis: Some(fitted.hypothesis),
        describes: true,
        is_seen_alone: warm == 1,
    })
}
