//! A pool of workers, each with one request at a time. One worker is an event loop that is blocked, or a lock over the
//! whole handler.

use super::fitter::Fitted;
use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

/// The prior probability that a pool takes a burst up late, because its server is busy.
const LATE: f64 = 0.1;
/// Sizes with a posterior weight below this, as a logarithm, don't count.
const NEGLIGIBLE: f64 = 9.0;
/// The number of sizes that are tried first.
const FIRST_SIZES: usize = 12;

pub(super) struct WorkerPool;

impl Model for WorkerPool {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        if burst.offered < 2 {
            return Vec::new();
        }
        let mut sizes = Sizes { fitter, most: burst.offered - 1, tried: Vec::new() };
        sizes.scan();
        sizes.refine();
        let best = sizes.best().cloned();
        let total = (burst.offered as f64).ln().max(1.0);
        let step = |k: usize| (k / 25).max(1) as f64;
        let explanation = |k: usize, fitted: &Fitted, prior: f64| Explanation {
            name: Name::WorkerPool,
            parameters: Parameters { workers: Some(k as f64), ..Parameters::default() },
            log: fitted.log,
            prior: prior + (step(k) / k as f64 / total).ln(),
            kind: if k == 1 { Kind::Sequential } else { Kind::Limited },
            k: Some(k as f64),
            reach: 0.0,
            hypothesis: Some(fitted.hypothesis.clone()),
            describes: true,
            is_seen_alone: true,
        };
        let mut explanations: Vec<Explanation> =
            sizes.tried.iter().map(|(k, fitted)| explanation(*k, fitted, 0.0)).collect();
        // A burst that is taken up late, at the best size and beside it.
        if let Some((k, fitted)) = best {
            let mut sizes = [k.saturating_sub(1), k, k + 1, burst.at_first()];
            sizes.sort_unstable();
            let sizes = sizes.chunk_by(|a, b| a == b).map(|same| same[0]);
            for k in sizes.filter(|k| (1..burst.offered).contains(k)) {
                let late = fitter.fit_from(
                    fitted.service,
                    &[0.1 * burst.alone],
                    &[0.1 * burst.alone],
                    24,
                    &[1.0, 0.4],
                    |service, at| {
                        (at[0] >= 0.0 && at[0] < 0.6 * burst.alone)
                            .then(|| hypothesis(fitter, k, service, at[0]))
                    },
                );
                let prior = LATE.ln() + fitter.penalty(1);
                explanations.extend(late.map(|late| explanation(k, &late, prior)));
            }
        }
        explanations
    }
}

fn hypothesis(fitter: &Fitter, k: usize, service: ServiceTime, late: f64) -> Hypothesis {
    Hypothesis {
        ready: fitter.burst.observed.arrivals.iter().map(|at| at + late).collect(),
        capacity: Capacity::Workers(k),
        speed: Speed::Full,
        service,
    }
}

/// The sizes that were tried.
struct Sizes<'a> {
    fitter: &'a Fitter<'a>,
    most: usize,
    tried: Vec<(usize, Fitted)>,
}

impl Sizes<'_> {
    /// Tries sizes around the effective concurrency: the work over the makespan.
    fn scan(&mut self) {
        let burst = self.fitter.burst;
        let work = burst.answers() as f64 * burst.alone;
        let effective = (work / burst.observed.end().max(1e-9)).clamp(1.0, self.most as f64);
        let wide = (3.5 * burst.spread).exp().clamp(2.2, 6.0);
        let (low, high) = ((effective / wide).max(1.0), (effective * wide + 1.0).min(self.most as f64));
        let ratio = (high / low).powf(1.0 / FIRST_SIZES as f64).max(1.0);
        let mut first: Vec<usize> =
            (0..=FIRST_SIZES).map(|i| (low * ratio.powi(i as i32)).round() as usize).collect();
        first.push(effective.round() as usize);
        first.extend(self.first_waves());
        first.iter_mut().for_each(|k| *k = (*k).clamp(1, self.most));
        first.sort_unstable();
        first.dedup();
        let service = self.fitter.service();
        let spreads = [service.sigma, service.sigma.max(0.25), (1.5 * burst.least_spread).max(0.015)];
        let log_above = |(k, sigma): &(usize, f64), least: f64| {
            let service = ServiceTime { sigma: *sigma, ..service };
            self.fitter.log_above(&hypothesis(self.fitter, *k, service, 0.0), &service, least)
        };
        // Three sizes, each with its best spread.
        let rough = first.into_iter().flat_map(|k| spreads.map(|sigma| (k, sigma)));
        for (k, sigma) in Fitter::most_likely(rough, 3 * spreads.len(), log_above) {
            if self.tried.len() < 3 && !self.has(k) {
                self.try_size(k, ServiceTime { sigma, ..service }, 24, &[1.0]);
            }
        }
    }

    /// Returns sizes that the first answers suggest: those before a gap.
    fn first_waves(&self) -> Vec<usize> {
        let burst = self.fitter.burst;
        let first = burst.observed.done.first().copied().unwrap_or(0.0);
        [1.3, 1.5, 1.7]
            .map(|share| burst.observed.done.partition_point(|done| *done < share * first))
            .to_vec()
    }

    /// Tries the neighbours of good sizes until they are hopeless.
    fn refine(&mut self) {
        for _ in 0..14 {
            let Some((best, fitted)) = self.best().cloned() else { return };
            let step = (best / 25).max(1);
            let good: Vec<usize> = self
                .tried
                .iter()
                .filter(|(_, one)| one.log > fitted.log - NEGLIGIBLE)
                .map(|(k, _)| *k)
                .collect();
            let next = good
                .iter()
                .flat_map(|k| [k.saturating_sub(step), k + step])
                .filter(|k| (1..=self.most).contains(k) && !self.has(*k))
                .min_by_key(|k| k.abs_diff(best));
            let Some(k) = next else { return };
            let near =
                self.tried.iter().min_by_key(|(tried, _)| tried.abs_diff(k)).map(|(_, one)| one.service);
            // With another number of workers, the same answers mean another service time.
            self.try_size(k, near.unwrap_or(fitted.service), 10, &[1.0]);
        }
    }

    fn has(&self, k: usize) -> bool {
        self.tried.iter().any(|(tried, _)| *tried == k)
    }

    fn best(&self) -> Option<&(usize, Fitted)> {
        self.tried.iter().max_by(|a, b| a.1.log.total_cmp(&b.1.log))
    }

    fn try_size(&mut self, k: usize, service: ServiceTime, evaluations: usize, spreads: &[f64]) {
        let fitted = self.fitter.fit_from(service, &[], &[], evaluations, spreads, |service, _| {
            Some(hypothesis(self.fitter, k, service, 0.0))
        });
        match fitted {
            Some(fitted) => self.tried.push((k, fitted)),
            // Remembered as hopeless.
            None => {
                let hypothesis = hypothesis(self.fitter, k, service, 0.0);
                self.tried
                    .push((k, Fitted { log: f64::NEG_INFINITY, service, parameters: vec![], hypothesis }));
            }
        }
    }
}
