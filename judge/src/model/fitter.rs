//! Fits the parameters of a model.

use std::cell::Cell;

use super::burst::Burst;
use super::search::maximize;
use crate::likelihood::{Hypothesis, ServiceTime, score};

/// Spreads beyond this are no spread of service times.
const MOST_SPREAD: f64 = 1.6;
/// A hypothesis is given up if the logarithm of its likelihood is so far below the best one's, and so much for each answer.
const HOPELESS: f64 = 40.0;
const HOPELESS_EACH: f64 = 0.1;

/// Fits the parameters of models to a burst.
#[derive(Debug)]
pub(crate) struct Fitter<'a> {
    pub(crate) burst: &'a Burst,
    /// The best likelihood so far: hopeless hypotheses are given up early.
    best: Cell<f64>,
    /// The least spread of service times. Times on the network add to a request's time once: if services are stretched, their
    /// share is smaller.
    least_spread: f64,
}

/// A fitted hypothesis.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    pub(super) log: f64,
    pub(super) service: ServiceTime,
    /// The fitted parameters besides the service time's.
    pub(super) parameters: Vec<f64>,
    pub(super) hypothesis: Hypothesis,
}

impl<'a> Fitter<'a> {
    pub(crate) fn new(burst: &'a Burst) -> Self {
        Self { burst, best: Cell::new(f64::NEG_INFINITY), least_spread: burst.least_spread }
    }

    /// Returns a fitter for services that are stretched by this factor.
    pub(super) fn stretched(&self, factor: f64) -> Self {
        Self { burst: self.burst, best: self.best.clone(), least_spread: self.least_spread / factor.max(1.0) }
    }

    /// Returns the service time by the requests alone.
    pub(super) fn service(&self) -> ServiceTime {
        ServiceTime::new(self.burst.alone.ln(), self.burst.spread.max(0.06))
    }

    /// Returns the `count` most likely candidates, the best first. These are first guesses, which may be far from the best
    /// parameters: `log` gives the logarithm of a candidate's likelihood, but may give up below the value that it is given.
    pub(super) fn most_likely<T>(
        candidates: impl IntoIterator<Item = T>,
        count: usize,
        log: impl Fn(&T, f64) -> f64,
    ) -> Vec<T> {
        let mut best: Vec<(f64, T)> = Vec::new();
        for candidate in candidates {
            let least = best.get(count - 1).map_or(f64::NEG_INFINITY, |(log, _)| *log);
            let log = log(&candidate, least);
            let rank = best.partition_point(|(other, _)| *other >= log);
            best.insert(rank, (log, candidate));
            best.truncate(count);
        }
        best.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// Returns the logarithm of the likelihood of a hypothesis whose requests alone take `service`; gives up, with negative
    /// infinity, below `least`.
    pub(super) fn log_above(&self, hypothesis: &Hypothesis, service: &ServiceTime, least: f64) -> f64 {
        let measured = ServiceTime { sigma: service.sigma.max(self.burst.least_spread), ..*service };
        let solos = self.burst.log_solos(&measured);
        let log = score(&self.burst.observed, hypothesis, least - solos, false).log + solos;
        self.best.set(self.best.get().max(log));
        log
    }

    /// Fits the service time and `parameters`, from these and with these first steps. Returns `None` if `build` allows no
    /// hypothesis.
    pub(super) fn fit(
        &self,
        start: ServiceTime,
        parameters: &[f64],
        steps: &[f64],
        evaluations: usize,
        build: impl Fn(ServiceTime, &[f64]) -> Option<Hypothesis>,
    ) -> Option<Fitted> {
        self.fit_from(start, parameters, steps, evaluations, &[1.0, 0.4, 2.2, 5.0, 0.0], build)
    }

    /// As [`Self::fit`], from the best of several spreads: these, times that of `start`.
    pub(super) fn fit_from(
        &self,
        start: ServiceTime,
        parameters: &[f64],
        steps: &[f64],
        evaluations: usize,
        spreads: &[f64],
        build: impl Fn(ServiceTime, &[f64]) -> Option<Hypothesis>,
    ) -> Option<Fitted> {
        let least_spread = self.least_spread;
        let service_of = |point: &[f64]| {
            let sigma = point[1].exp();
            let allowed = (least_spread..=MOST_SPREAD).contains(&sigma);
            allowed.then_some(ServiceTime { mu: point[0], sigma, ..start })
        };
        let hypothesis_of = |point: &[f64]| {
            let service = service_of(point)?;
            build(service, &point[2..]).map(|hypothesis| (service, hypothesis))
        };
        let log_above = |point: &[f64], least: f64| match hypothesis_of(point) {
            Some((service, hypothesis)) => self.log_above(&hypothesis, &service, least),
            None => f64::NEG_INFINITY,
        };
        let with = |sigma: f64| -> Vec<f64> {
            [start.mu, sigma.ln()].into_iter().chain(parameters.iter().copied()).collect()
        };
        // A small spread makes outliers of most times, and is hard to leave: the best of several spreads comes first.
        let sigma = start.sigma.clamp(1.2 * least_spread, MOST_SPREAD);
        let clamped = |factor: &f64| (factor * sigma).clamp(1.2 * least_spread, 1.2);
        let mut sigmas: Vec<f64> = spreads.iter().map(clamped).collect();
        sigmas.sort_by(f64::total_cmp);
        sigmas.dedup();
        let first = Self::most_likely(sigmas, 1, |sigma, least| log_above(&with(*sigma), least))[0];
        let step_mu = (0.4 * first).clamp(0.005, 0.15);
        let all_steps: Vec<f64> = [step_mu, -0.35].into_iter().chain(steps.iter().copied()).collect();
        let first = with(first);
        let tolerance = 0.05 + 0.001 * self.burst.answers() as f64;
        let hopeless = || self.best.get() - HOPELESS - HOPELESS_EACH * self.burst.observed.counted() as f64;
        let value = |point: &[f64], least: f64| log_above(point, least.max(hopeless()));
        let (point, log) = maximize(&first, &all_steps, evaluations, tolerance, value);
        let (service, hypothesis) = hypothesis_of(&point)?;
        log.is_finite().then(|| Fitted { log, service, parameters: point[2..].to_vec(), hypothesis })
    }

    /// Returns the penalty for a fitted delay, whose logarithm is known to about the spread of the services over the root
    /// of their number.
    pub(super) fn penalty_of_delay(&self, fitted: &Fitted) -> f64 {
        self.penalty(1) + fitted.service.sigma.ln().min(0.0)
    }

    /// Returns the penalty for so many fitted parameters: half the logarithm of the number of answers for each (Schwarz,
    /// "Estimating the dimension of a model", 1978).
    pub(super) fn penalty(&self, parameters: usize) -> f64 {
        -0.5 * (self.burst.answers() as f64).ln() * parameters as f64
    }
}
