//! The number of workers grows during the burst.

use super::{Burst, Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.2;
/// As [`PRIOR`], for growth by a single worker, or within a service: a pool whose worker was late is more common.
const SLIGHT_PRIOR: f64 = 0.004;

pub(super) struct Growth;

impl Model for Growth {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        if burst.offered < 4 || burst.observed.end() < 2.2 * burst.alone {
            return Vec::new();
        }
        // Only the most promising sizes are fitted.
        let service = fitter.service();
        let mut sizes = sizes(fitter);
        sizes.sort_by(|a, b| (a.from, a.to).cmp(&(b.from, b.to)).then(a.every.total_cmp(&b.every)));
        sizes.dedup();
        let sizes = Fitter::most_likely(sizes, 3, |sizes, least| {
            fitter.log_above(&sizes.hypothesis(fitter, sizes.every, service), &service, least)
        });
        sizes.into_iter().filter_map(|sizes| explain(fitter, sizes)).collect()
    }
}

/// How many workers there are.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sizes {
    from: usize,
    to: usize,
    /// The time after which each further one comes, in seconds.
    every: f64,
}

impl Sizes {
    fn hypothesis(self, fitter: &Fitter, every: f64, service: ServiceTime) -> Hypothesis {
        Hypothesis {
            ready: fitter.burst.observed.arrivals.clone(),
            capacity: Capacity::Growing { from: self.from, to: self.to, every },
            speed: Speed::Full,
            service,
        }
    }
}

/// Returns the sizes that the answers suggest. The work is the integral of the number of workers.
fn sizes(fitter: &Fitter) -> Vec<Sizes> {
    let burst = fitter.burst;
    let done = &burst.observed.done;
    let end = burst.observed.end();
    let work = burst.answers() as f64 * burst.alone;
    let mut first = vec![1, 2, 4, burst.at_first(), done.partition_point(|done| *done < 1.5 * burst.alone)];
    first.retain(|size| *size >= 1 && *size <= burst.offered / 2);
    first.sort_unstable();
    first.dedup();
    // The number of workers in the second half, without the last services.
    let (middle, late) = (0.5 * end, (end - burst.alone).max(0.7 * end));
    let count = done.partition_point(|at| *at <= late) - done.partition_point(|at| *at <= middle);
    let last = count as f64 * burst.alone / (late - middle).max(1e-9);
    let mut sizes = Vec::new();
    for from in first {
        let ends = [0.8, 0.9, 1.0, 1.1, 1.25].map(|factor| (factor * last).round() as usize);
        if let Some(every) = first_addition(fitter, from) {
            let ends = ends.into_iter().chain([burst.offered]).filter(|to| *to > from);
            sizes.extend(ends.map(|to| Sizes { from, to: to.min(burst.offered), every }));
        }
        // Without an end.
        let grown = 2.0 * (work / end - from as f64);
        if grown >= 1.0 {
            sizes.push(Sizes { from, to: burst.offered, every: end / grown });
        }
        for to in ends {
            let missing = to as f64 * end - work;
            if to > from && to < burst.offered && missing > 0.0 {
                let steps = (to - from) as f64;
                sizes.push(Sizes { from, to, every: 2.0 * missing / (steps * (steps + 1.0)) });
            }
        }
    }
    sizes
}

/// Returns when a worker beyond the first `from` began, by the first answer that they could not have given.
fn first_addition(fitter: &Fitter, from: usize) -> Option<f64> {
    let Burst { observed, alone, spread, .. } = fitter.burst;
    let least = alone * (1.0 - (3.0 * spread).min(0.5));
    let answer = (from..observed.done.len()).find(|i| observed.done[*i] - observed.done[i - from] < least)?;
    Some(observed.done[answer] - alone).filter(|every| *every > 0.02 * alone)
}

fn explain(fitter: &Fitter, sizes: Sizes) -> Option<Explanation> {
    let burst = fitter.burst;
    let end = burst.observed.end();
    let fitted = fitter.fit(fitter.service(), &[sizes.every.ln()], &[0.1], 32, |service, at| {
        let every = at[0].exp();
        (every > 0.02 * burst.alone && every < end).then(|| sizes.hypothesis(fitter, every, service))
    })?;
    let every = fitted.parameters[0].exp();
    // Workers that begin a service within the last one serve nobody.
    let last = (end - fitted.service.median()).max(0.0);
    let to = (sizes.from + (last / every) as usize).min(sizes.to).min(burst.offered);
    if to <= sizes.from {
        return None;
    }
    let is_ended = sizes.to < burst.offered;
    let is_slight = to == sizes.from + 1 || every * ((to - sizes.from) as f64) < burst.alone;
    let prior: f64 = if is_slight { SLIGHT_PRIOR } else { PRIOR };
    Some(Explanation {
        name: Name::Growth,
        parameters: Parameters {
            from: Some(sizes.from as f64),
            to: Some(to as f64),
            ..Parameters::default()
        },
        log: fitted.log,
        prior: prior.ln() + fitter.penalty(if is_ended { 3 } else { 2 }),
        kind: match burst.kind(&fitted.service) {
            Kind::Parallel => Kind::Parallel,
            _ => Kind::Limited,
        },
        k: None,
        reach: 0.0,
        hypothesis: Some(fitted.hypothesis),
        describes: true,
        is_seen_alone: true,
    })
}
