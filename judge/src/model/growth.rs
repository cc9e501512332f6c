//! The number of workers grows during the burst.

use super::{Explanation, Fitter, Model};
use crate::judgement::Kind;
use crate::likelihood::{Capacity, Hypothesis, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.2;

pub(super) struct Growth;

impl Model for Growth {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        if burst.offered < 4 || burst.observed.end() < 2.2 * burst.alone {
            return Vec::new();
        }
        let first = burst.at_first();
        let mut sizes = vec![1, 2, 4, first, burst.observed.done.partition_point(|done| *done < 1.5 * burst.alone)];
        sizes.retain(|size| *size >= 1 && *size <= burst.offered / 2);
        sizes.sort_unstable();
        sizes.dedup();
        sizes.into_iter().filter_map(|from| explain(fitter, from)).collect()
    }
}

fn explain(fitter: &Fitter, from: usize) -> Option<Explanation> {
    let burst = fitter.burst;
    let end = burst.observed.end();
    let work = burst.answers() as f64 * burst.alone;
    // The work is the integral of the number of workers.
    let grown = 2.0 * (work / end - from as f64);
    if grown < 1.0 {
        return None;
    }
    let every = end / grown;
    let fitted = fitter.fit(fitter.service(), &[every.ln()], &[0.1], 32, |service, at| {
        let every = at[0].exp();
        (every > 0.02 * burst.alone && every < end).then(|| Hypothesis {
            ready: burst.observed.arrivals.clone(),
            capacity: Capacity::Growing { from, every },
            speed: Speed::Full,
            service,
        })
    })?;
    let every = fitted.parameters[0].exp();
    // Workers that begin a service within the last one serve nobody.
    let last = (end - fitted.service.median()).max(0.0);
    let to = (from as f64 + (last / every).floor()).min(burst.offered as f64);
    if to < from as f64 + 1.0 {
        return None;
    }
    Some(Explanation {
        name: Name::Growth,
        parameters: Parameters { from: Some(from as f64), to: Some(to), ..Parameters::default() },
        log: fitted.log,
        prior: PRIOR.ln() + fitter.penalty(2),
        kind: match burst.kind(&fitted.service) {
            Kind::Parallel => Kind::Parallel,
            _ => Kind::Limited,
        },
        k: None,
        hypothesis: Some(fitted.hypothesis),
    })
}
