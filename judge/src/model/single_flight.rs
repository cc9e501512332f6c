//! One request is served, and the others share its answer.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::ServiceTime;
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.1;
/// By how many times their spread a flight may differ from the requests alone, as a logarithm.
const MOST_DEVIATIONS: f64 = 5.0;
/// As [`MOST_DEVIATIONS`], at least: a few requests don't show how much they vary.
const UNKNOWN_SPREAD: f64 = 0.5;

pub(super) struct SingleFlight;

impl Model for SingleFlight {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let done = &burst.observed.done;
        let width = burst.width;
        let mean = done.iter().sum::<f64>() / done.len() as f64;
        let together = burst.log_together(done, mean, deviation(done, mean) / burst.alone);
        let (first, last) = (done[0], burst.observed.end());
        let arrives_before = burst.observed.arrivals.last().is_some_and(|arrival| *arrival < first);
        let most = (MOST_DEVIATIONS * burst.spread).max(UNKNOWN_SPREAD);
        let is_one_service = (mean / burst.alone).ln().abs() < most;
        if last - first > 0.3 * burst.alone || !arrives_before || !is_one_service {
            return Vec::new();
        }
        let log = |point: &[f64], _: f64| {
            let sigma = point[1].exp();
            if !(burst.least_spread..1.6).contains(&sigma) {
                return f64::NEG_INFINITY;
            }
            let service = ServiceTime::new(point[0], sigma);
            let survival = service.survival();
            let p = survival.at(mean - width / 2.0) - survival.at(mean + width / 2.0);
            // A flight that took much longer than any request alone is none.
            let is_typical = ((mean.ln() - service.mu) / service.sigma).abs() < 3.5;
            let typical = if is_typical { 0.0 } else { -20.0 };
            burst.log_solos(&service) + together + typical + p.max(1e-12).ln()
        };
        let start = fitter.service();
        let (_, best) = super::search::maximize(&[start.mu, start.sigma.ln()], &[0.05, -0.3], 40, 0.05, log);
        vec![Explanation {
            name: Name::SingleFlight,
            parameters: Parameters::default(),
            log: best,
            prior: PRIOR.ln() + fitter.penalty(1),
            kind: Kind::Parallel,
            k: Some(burst.offered as f64),
            reach: 0.0,
            hypothesis: None,
            describes: true,
            is_seen_alone: true,
        }]
    }
}

fn deviation(times: &[f64], mean: f64) -> f64 {
    (times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / times.len() as f64).sqrt()
}
