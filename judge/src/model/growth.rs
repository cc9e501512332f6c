//! The number of workers grows during the burst.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
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
        let mut sizes =
            vec![1, 2, 4, first, burst.observed.done.partition_point(|done| *done < 1.5 * burst.alone)];
        sizes.retain(|size| *size >= 1 && *size <= burst.offered / 2);
        sizes.sort_unstable();
        sizes.dedup();
        // Only the most promising sizes are fitted.
        let rough = |from: usize| {
            let every = interval(fitter, from)?;
            let service = fitter.service();
            Some((fitter.log(&hypothesis(fitter, from, every, service), &service), from))
        };
        let mut sizes: Vec<(f64, usize)> = sizes.into_iter().filter_map(rough).collect();
        sizes.sort_by(|a, b| b.0.total_cmp(&a.0));
        sizes.into_iter().take(2).filter_map(|(_, from)| explain(fitter, from)).collect()
    }
}

/// Returns the time after which each further worker comes: the work is the integral of the number of workers.
fn interval(fitter: &Fitter, from: usize) -> Option<f64> {
    let end = fitter.burst.observed.end();
    let work = fitter.burst.answers() as f64 * fitter.burst.alone;
    let grown = 2.0 * (work / end - from as f64);
    (grown >= 1.0).then(|| end / grown)
}

fn hypothesis(fitter: &Fitter, from: usize, every: f64, service: ServiceTime) -> Hypothesis {
    Hypothesis {
        ready: fitter.burst.observed.arrivals.clone(),
        capacity: Capacity::Growing { from, every },
        speed: Speed::Full,
        service,
    }
}

fn explain(fitter: &Fitter, from: usize) -> Option<Explanation> {
    let burst = fitter.burst;
    let end = burst.observed.end();
    let every = interval(fitter, from)?;
    let fitted = fitter.fit(fitter.service(), &[every.ln()], &[0.1], 32, |service, at| {
        let every = at[0].exp();
        (every > 0.02 * burst.alone && every < end).then(|| hypothesis(fitter, from, every, service))
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
