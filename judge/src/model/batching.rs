//! Groups of requests are served together: all of a group are answered at once.

use super::{Explanation, Fitter, Model};
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
        let width = burst.width;
        let groups = groups(&burst.observed.done, (2.0 * width).min(0.2 * burst.alone));
        if groups.len() < 2 || burst.observed.arrivals.last().is_some_and(|last| *last > 0.5 * burst.alone) {
            return Vec::new();
        }
        let mut sizes: Vec<usize> = groups.iter().map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        let size = sizes[sizes.len() / 2];
        if size < 2 {
            return Vec::new();
        }
        // The jitter within groups.
        let mut next = 0;
        let within = groups.iter().map(|(at, count)| {
            next += count;
            burst.observed.done[next - count..next].iter().map(|done| (done - at).powi(2)).sum::<f64>()
        });
        let jitter = (within.sum::<f64>() / burst.answers() as f64).sqrt() / burst.alone;
        let mut next = 0;
        let together: f64 = groups
            .iter()
            .map(|(at, count)| {
                next += count;
                burst.log_together(&burst.observed.done[next - count..next], *at, jitter)
            })
            .sum();
        let log = |service: &ServiceTime| {
            let survival = service.survival();
            let mut log = burst.log_solos(service) + together;
            let mut began = 0.0;
            for (i, (at, count)) in groups.iter().enumerate() {
                let p = survival.at(at - began - width / 2.0) - survival.at(at - began + width / 2.0);
                log += p.max(1e-12).ln();
                let may_be_part = i == 0 || i + 1 == groups.len();
                let as_expected = *count == size || (may_be_part && *count < size);
                log += if as_expected { 0.0 } else { OTHER_SIZE };
                began = *at;
            }
            log
        };
        let value = |point: &[f64], _: f64| {
            let sigma = point[1].exp();
            let allowed = (burst.least_spread..1.6).contains(&sigma);
            if allowed { log(&ServiceTime::new(point[0], sigma)) } else { f64::NEG_INFINITY }
        };
        let start = fitter.service();
        let (point, best) =
            super::search::maximize(&[start.mu, start.sigma.ln()], &[0.05, -0.3], 40, 0.05, value);
        let service = ServiceTime::new(point[0], point[1].exp());
        let inner = &groups[..groups.len() - 1];
        let others = inner.iter().filter(|(_, count)| *count != size).count();
        let is_regular = others as f64 <= MOST_OTHERS * inner.len() as f64;
        vec![Explanation {
            name: Name::Batching,
            parameters: Parameters { size: Some(size as f64), ..Parameters::default() },
            log: best,
            prior: PRIOR.ln() - (size as f64).ln() + fitter.penalty(1),
            kind: match burst.kind(&service) {
                Kind::Sequential => Kind::Limited,
                kind => kind,
            },
            k: Some(size as f64),
            reach: 0.0,
            hypothesis: None,
            describes: is_regular,
            is_seen_alone: true,
        }]
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
