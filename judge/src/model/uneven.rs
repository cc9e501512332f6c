//! Backends of different speeds, without a limit: service times are a mixture.

use super::fitter::Fitted;
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
        let pools = Parts::of(&fitter.burst.solos, 2).map(|parts| pools(fitter, &parts));
        unlimited(fitter).into_iter().chain(pools.unwrap_or_default()).collect()
    }
}

/// Two parts of times, divided at the largest gap of their logarithms.
struct Parts {
    /// The mean of the logarithms, and their standard deviation.
    quick: (f64, f64),
    slow: f64,
    /// The share of the slow ones.
    share: f64,
}

impl Parts {
    /// Returns `None` unless there are two parts of at least `least` times that are far enough apart.
    fn of(times: &[f64], least: usize) -> Option<Self> {
        let mut logs: Vec<f64> = times.iter().filter(|time| **time > 0.0).map(|time| time.ln()).collect();
        logs.sort_by(f64::total_cmp);
        let split = (least..(logs.len() + 1).saturating_sub(least))
            .max_by(|a, b| (logs[*a] - logs[a - 1]).total_cmp(&(logs[*b] - logs[b - 1])))?;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (quick, slow) = (mean(&logs[..split]), mean(&logs[split..]));
        let spread = logs[..split].iter().map(|log| (log - quick).powi(2)).sum::<f64>() / split as f64;
        let share = (logs.len() - split) as f64 / logs.len() as f64;
        (slow - quick >= LEAST).then_some(Self { quick: (quick, spread.sqrt()), slow, share })
    }

    /// Fits a server of such parts. `capacity` is the number of requests at a time.
    fn fit(&self, fitter: &Fitter, evaluations: usize, capacity: &Capacity) -> Option<(Fitted, f64)> {
        let burst = fitter.burst;
        let (quick, spread) = self.quick;
        let start = ServiceTime::new(quick, spread.max(2.0 * burst.least_spread));
        let logit = (self.share / (1.0 - self.share)).ln();
        let fitted =
            fitter.fit(start, &[logit, self.slow - quick], &[0.3, 0.05], evaluations, |service, at| {
                let share = 1.0 / (1.0 + (-at[0]).exp());
                (at[1] >= LEAST && (0.04..0.96).contains(&share)).then(|| Hypothesis {
                    ready: burst.observed.arrivals.clone(),
                    capacity: capacity.clone(),
                    speed: Speed::Full,
                    service: ServiceTime { slower: Some((share, at[1])), ..service },
                })
            })?;
        // The requests alone are of the same mixture.
        let log = fitted.log - burst.log_solos(&fitted.service) + burst.log_solos(&fitted.hypothesis.service);
        Some((fitted, log))
    }
}

/// Backends that take any number of requests.
fn unlimited(fitter: &Fitter) -> Option<Explanation> {
    let burst = fitter.burst;
    let times: Vec<f64> = burst.observed.done.iter().chain(&burst.solos).copied().collect();
    let parts = Parts::of(&times, (times.len() / 12).max(1))?;
    let (fitted, log) = parts.fit(fitter, 60, &Capacity::Unlimited)?;
    // A request alone that was slow shows the slower backend.
    let slower =
        fitted.hypothesis.service.slower.map_or(0.0, |(_, ratio)| fitted.service.median() * ratio.exp());
    let is_shown = burst.solos.iter().any(|time| (time / slower - 1.0).abs() < 0.15);
    let coincidence = if is_shown { 0.0 } else { burst.coincidence(slower) };
    Some(Explanation {
        name: Name::UnevenBackends,
        parameters: Parameters { parts: Some(2.0), ..Parameters::default() },
        log,
        prior: PRIOR.ln() + fitter.penalty(1) + fitter.penalty_of_delay(&fitted) + coincidence,
        kind: Kind::Parallel,
        k: Some(burst.offered as f64),
        reach: 0.0,
        hypothesis: Some(fitted.hypothesis),
        describes: true,
        is_seen_alone: is_shown,
    })
}

/// Backends that take a limited number of requests, if the requests alone show both speeds.
fn pools(fitter: &Fitter, parts: &Parts) -> Vec<Explanation> {
    let burst = fitter.burst;
    let mean = burst.solos.iter().sum::<f64>() / burst.solos.len() as f64;
    let effective = burst.answers() as f64 * mean / burst.observed.end().max(1e-9);
    let mut sizes: Vec<usize> =
        [0.85, 1.0, 1.15, 1.3].map(|factor| (factor * effective).round() as usize).to_vec();
    sizes.retain(|k| (2..burst.offered).contains(k));
    sizes.dedup();
    let share = (sizes.len().max(1) as f64).recip();
    let explain = |k: usize| {
        let (fitted, log) = parts.fit(fitter, 30, &Capacity::Workers(k))?;
        Some(Explanation {
            name: Name::UnevenBackends,
            parameters: Parameters { parts: Some(2.0), workers: Some(k as f64), ..Parameters::default() },
            log,
            prior: PRIOR.ln() + share.ln() + fitter.penalty(2) + fitter.penalty_of_delay(&fitted),
            kind: match burst.kind(&fitted.hypothesis.service) {
                Kind::Parallel => Kind::Parallel,
                _ => Kind::Limited,
            },
            k: Some(k as f64),
            reach: 0.0,
            hypothesis: Some(fitted.hypothesis),
            describes: true,
            is_seen_alone: true,
        })
    };
    sizes.into_iter().filter_map(explain).collect()
}
