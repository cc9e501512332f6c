//! Backends of different speeds, without a limit: service times are a mixture.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.3;
/// The least ratio of the speeds, as a logarithm.
const LEAST: f64 = 0.25;

pub(super) struct Uneven;

impl Model for Uneven {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        // The times of the first wave, and of the requests alone: the largest gap of the logarithms divides them.
        let mut logs: Vec<f64> = burst
            .observed
            .done
            .iter()
            .chain(&burst.solos)
            .filter(|time| **time > 0.0)
            .map(|time| time.ln())
            .collect();
        logs.sort_by(f64::total_cmp);
        let edge = (logs.len() / 12).max(1);
        let split = (edge..logs.len().saturating_sub(edge))
            .max_by(|a, b| (logs[*a] - logs[a - 1]).total_cmp(&(logs[*b] - logs[b - 1])));
        let Some(split) = split.filter(|split| *split < logs.len()) else { return Vec::new() };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (quick, slow) = (mean(&logs[..split]), mean(&logs[split..]));
        let share = (logs.len() - split) as f64 / logs.len() as f64;
        if slow - quick < LEAST {
            return Vec::new();
        }
        let spread = logs[..split].iter().map(|log| (log - quick).powi(2)).sum::<f64>() / split as f64;
        let start = ServiceTime::new(quick, spread.sqrt().max(2.0 * burst.least_spread));
        let logit = (share / (1.0 - share)).ln();
        let fitted = fitter.fit(start, &[logit, slow - quick], &[0.3, 0.05], 60, |service, at| {
            let share = 1.0 / (1.0 + (-at[0]).exp());
            (at[1] >= LEAST && (0.04..0.96).contains(&share)).then(|| Hypothesis {
                ready: burst.observed.arrivals.clone(),
                capacity: Capacity::Unlimited,
                speed: Speed::Full,
                service: ServiceTime { slower: Some((share, at[1])), ..service },
            })
        });
        let Some(fitted) = fitted else { return Vec::new() };
        // The requests alone are of the same mixture.
        let log = fitted.log - burst.log_solos(&fitted.service) + burst.log_solos(&fitted.hypothesis.service);
        // A request alone that was slow shows the slower backend.
        let slower =
            fitted.hypothesis.service.slower.map_or(0.0, |(_, ratio)| fitted.service.median() * ratio.exp());
        let is_shown = burst.solos.iter().any(|time| (time / slower - 1.0).abs() < 0.15);
        let coincidence = if is_shown { 0.0 } else { burst.coincidence(slower) };
        vec![Explanation {
            name: Name::UnevenBackends,
            parameters: Parameters { parts: Some(2.0), ..Parameters::default() },
            log,
            prior: PRIOR.ln() + fitter.penalty(2) + fitted.precision() + coincidence,
            kind: Kind::Parallel,
            k: Some(burst.offered as f64),
            hypothesis: Some(fitted.hypothesis),
        }]
    }
}
