//! Groups of requests are served together: all of a group are answered at once.

use super::search::maximize;
use super::{Burst, Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::ServiceTime;
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.1;
/// The logarithm of the probability of a group of another size.
const OTHER_SIZE: f64 = -9.0;
/// With more groups of other sizes, as a share, there are no batches.
const MOST_OTHERS: f64 = 0.12;

pub(super) struct Batching;

impl Model for Batching {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let gap = (2.0 * burst.width).min(0.2 * burst.alone);
        let comes_late = burst.observed.arrivals.last().is_some_and(|last| *last > 0.5 * burst.alone);
        let Some(batches) = Batches::of(burst, gap).filter(|_| !comes_late) else { return Vec::new() };
        let (service, log) = batches.fit(fitter.service());
        let size = batches.size as f64;
        vec![Explanation {
            name: Name::Batching,
            parameters: Parameters { size: Some(size), ..Parameters::default() },
            log,
            prior: PRIOR.ln() - size.ln() + fitter.penalty(1),
            kind: match burst.kind(&service) {
                Kind::Sequential => Kind::Limited,
                kind => kind,
            },
            k: Some(size),
            reach: 0.0,
            hypothesis: None,
            describes: batches.are_regular(),
            is_seen_alone: true,
        }]
    }
}

/// The answers of a burst in groups.
struct Batches<'a> {
    burst: &'a Burst,
    /// The mean time and the number of answers of each group.
    groups: Vec<(f64, usize)>,
    /// The median size of a group.
    size: usize,
    /// The logarithm of the probability of the answers' cells, if each group leaves together.
    log_together: f64,
}

impl<'a> Batches<'a> {
    /// Returns `None` if there are fewer than two groups, or if most groups have a single answer.
    fn of(burst: &'a Burst, gap: f64) -> Option<Self> {
        let groups = groups(&burst.observed.done, gap);
        let mut sizes: Vec<usize> = groups.iter().map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        let size = sizes.get(sizes.len() / 2).copied().filter(|size| *size >= 2)?;
        if groups.len() < 2 {
            return None;
        }
        let mut batches = Self { burst, groups, size, log_together: 0.0 };
        let jitter = batches.jitter();
        let together = batches.answers().map(|(at, answers)| burst.log_together(answers, at, jitter));
        batches.log_together = together.sum();
        Some(batches)
    }

    /// Returns the mean time and the answers of each group.
    fn answers(&self) -> impl Iterator<Item = (f64, &'a [f64])> {
        let mut rest = self.burst.observed.done.as_slice();
        self.groups.iter().map(move |(at, count)| {
            let (group, later) = rest.split_at(*count);
            rest = later;
            (*at, group)
        })
    }

    /// Returns the standard deviation of the times within groups, in service times.
    fn jitter(&self) -> f64 {
        let within =
            self.answers().map(|(at, answers)| answers.iter().map(|done| (done - at).powi(2)).sum::<f64>());
        (within.sum::<f64>() / self.burst.answers() as f64).sqrt() / self.burst.alone
    }

    /// Returns the most likely service time, and the logarithm of its likelihood.
    fn fit(&self, start: ServiceTime) -> (ServiceTime, f64) {
        let value = |point: &[f64], _: f64| {
            let sigma = point[1].exp();
            let allowed = (self.burst.least_spread..1.6).contains(&sigma);
            if allowed { self.log(&ServiceTime::new(point[0], sigma)) } else { f64::NEG_INFINITY }
        };
        let (point, log) = maximize(&[start.mu, start.sigma.ln()], &[0.05, -0.3], 40, 0.05, value);
        (ServiceTime::new(point[0], point[1].exp()), log)
    }

    /// Returns the logarithm of the likelihood of a service time: each group takes one.
    fn log(&self, service: &ServiceTime) -> f64 {
        let (width, survival) = (self.burst.width, service.survival());
        let mut log = self.burst.log_solos(service) + self.log_together;
        let mut began = 0.0;
        for (i, (at, count)) in self.groups.iter().enumerate() {
            let p = survival.at(at - began - width / 2.0) - survival.at(at - began + width / 2.0);
            log += p.max(1e-12).ln();
            let may_be_part = i == 0 || i + 1 == self.groups.len();
            let as_expected = *count == self.size || (may_be_part && *count < self.size);
            log += if as_expected { 0.0 } else { OTHER_SIZE };
            began = *at;
        }
        log
    }

    /// Whether most groups but the last one have the same size.
    fn are_regular(&self) -> bool {
        let inner = &self.groups[..self.groups.len() - 1];
        let others = inner.iter().filter(|(_, count)| *count != self.size).count();
        others as f64 <= MOST_OTHERS * inner.len() as f64
    }
}

/// Returns the mean time and the number of answers of groups that are further apart than `gap`.
fn groups(done: &[f64], gap: f64) -> Vec<(f64, usize)> {
    let mut groups: Vec<(f64, usize)> = Vec::new();
    let mut before = f64::NEG_INFINITY;
    for at in done {
        match groups.last_mut() {
            Some((mean, count)) if at - before <= gap => {
                *mean = (*mean * *count as f64 + at) / (*count + 1) as f64;
                *count += 1;
            }
            _ => groups.push((*at, 1)),
        }
        before = *at;
    }
    groups
}
