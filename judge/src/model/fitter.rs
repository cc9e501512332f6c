//! Fits the parameters of a model.

use std::cell::Cell;

use super::burst::Burst;
use super::search::maximize;
use crate::likelihood::{Hypothesis, ServiceTime, score};

/// Spreads beyond this are no spread of service times.
const MOST_SPREAD: f64 = 1.6;

/// Fits the parameters of models to a burst.
#[derive(Debug)]
pub(crate) struct Fitter<'a> {
    pub(crate) burst: &'a Burst,
    /// The best likelihood so far: hopeless hypotheses are given up early.
    best: Cell<f64>,
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
        Self { burst, best: Cell::new(f64::NEG_INFINITY) }
    }

    /// Returns the service time by the requests alone.
    pub(super) fn service(&self) -> ServiceTime {
        ServiceTime::new(self.burst.alone.ln(), self.burst.spread.max(0.06))
    }

    /// Returns the logarithm of the likelihood of a hypothesis whose requests alone take `service`.
    pub(super) fn log(&self, hypothesis: &Hypothesis, service: &ServiceTime) -> f64 {
        let solos = self.burst.log_solos(service);
        let least = self.best.get() - solos - 60.0 - 0.6 * self.burst.answers() as f64;
        let log = score(&self.burst.observed, hypothesis, least, false).log + solos;
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
        let service_of = |point: &[f64]| {
            let sigma = point[1].exp();
            let allowed = (self.burst.least_spread..=MOST_SPREAD).contains(&sigma);
            allowed.then_some(ServiceTime { mu: point[0], sigma, ..start })
        };
        let hypothesis_of = |point: &[f64]| {
            let service = service_of(point)?;
            build(service, &point[2..]).map(|hypothesis| (service, hypothesis))
        };
        let value = |point: &[f64]| match hypothesis_of(point) {
            Some((service, hypothesis)) => self.log(&hypothesis, &service),
            None => f64::NEG_INFINITY,
        };
        let with = |sigma: f64| -> Vec<f64> {
            [start.mu, sigma.ln()].into_iter().chain(parameters.iter().copied()).collect()
        };
        // A small spread makes outliers of most times, and is hard to leave: the best of several spreads comes first.
        let sigma = start.sigma.clamp(1.2 * self.burst.least_spread, MOST_SPREAD);
        let spreads = [1.0, 0.4, 2.2, 5.0].map(|factor| (factor * sigma).clamp(1.2 * self.burst.least_spread, 1.2));
        let first = spreads
            .into_iter()
            .map(|sigma| (value(&with(sigma)), sigma))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(sigma, |(_, sigma)| sigma);
        let step_mu = (0.4 * first).clamp(0.005, 0.15);
        let all_steps: Vec<f64> = [step_mu, -0.35].into_iter().chain(steps.iter().copied()).collect();
        let first = with(first);
        let (point, log) = maximize(&first, &all_steps, evaluations, value);
        let (service, hypothesis) = hypothesis_of(&point)?;
        log.is_finite().then(|| Fitted { log, service, parameters: point[2..].to_vec(), hypothesis })
    }

    /// Returns the penalty for so many fitted parameters: half the logarithm of the number of answers for each (Schwarz,
    /// "Estimating the dimension of a model", 1978).
    pub(super) fn penalty(&self, parameters: usize) -> f64 {
        -0.5 * (self.burst.answers() as f64).ln() * parameters as f64
    }
}
