//! When requests were refused: at once, after a fixed wait, or after a service.

use super::load::Load;
use crate::stats::percentile;

/// The plausible times of a refusal at once, and the plausible deadlines, in microseconds.
const AT_ONCE_US: (f64, f64) = (50.0, 20_000.0);
const DEADLINES_US: (f64, f64) = (10_000.0, 60e6);
/// A wait is fixed if it varies by at most this, in microseconds and as a share.
const FIXED: (f64, f64) = (5_000.0, 0.05);

/// The smallest spread of times that is assumed, as a share: clocks and networks are not exact.
const LEAST_SPREAD: f64 = 0.003;
/// The logarithm of the probability that a server that refuses at once needs longer for a request.
const SLOW: f64 = -3.0;

/// How long refused requests waited. The likelihoods are those of the waits' logarithms: a Laplace distribution around
/// their median.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Waits {
    /// The times from send to refusal, sorted.
    waits: Vec<f64>,
    /// The median wait.
    pub(super) median_us: f64,
    /// Half the distance from the 10th to the 90th percentile.
    spread_us: f64,
    /// The logarithm of the waits' density around their own median.
    ln_density: f64,
    /// The median time from send to answer of the requests that were taken, and the spread of its logarithm.
    answers: (f64, f64),
    service_us: f64,
}

impl Waits {
    pub(super) fn of(load: &Load) -> Self {
        let (waits, answers) = (load.waits(), load.latencies(true));
        let at = |times: &[f64], share| percentile(times, share).unwrap_or(0.0).max(1.0);
        let (median_us, answer_us) = (at(&waits, 0.5), at(&answers, 0.5));
        let spread_us = (at(&waits, 0.9) - at(&waits, 0.1)) / 2.0;
        let ln_density = ln_density(&waits, median_us, spread(&waits, median_us));
        let answers = (answer_us, spread(&answers, answer_us));
        Self { median_us, spread_us, ln_density, answers, service_us: load.service_us, waits }
    }

    /// Returns the logarithm of the likelihood of the waits if requests are refused at once: any short time is as likely
    /// as any other. The server's machine is busy, so "at once" is relative to the service time.
    pub(super) fn ln_at_once(&self) -> f64 {
        let (least, most) = (AT_ONCE_US.0, AT_ONCE_US.1.max(self.service_us / 5.0));
        let slow = self.waits.len() - self.waits.partition_point(|wait| *wait <= most);
        self.ln_density - (most / least).ln().ln() + SLOW * slow as f64
    }

    /// Returns the same if requests are refused after a fixed wait.
    pub(super) fn ln_deadline(&self) -> f64 {
        let (least, most) = DEADLINES_US;
        let quick = self.waits.partition_point(|wait| *wait < least);
        let fixed = FIXED.0.max(FIXED.1 * self.median_us);
        let varies = (self.spread_us / fixed - 1.0).clamp(0.0, 3.0) * self.waits.len() as f64;
        self.ln_density - (most / least).ln().ln() + SLOW * quick as f64 - varies
    }

    /// Returns the same if requests fail after they were served: the waits are distributed as the times of the answers.
    pub(super) fn ln_served(&self) -> f64 {
        let (median, spread) = self.answers;
        ln_density(&self.waits, median, spread)
    }
}

/// Returns the logarithm of the density of the times' logarithms.
fn ln_density(times: &[f64], median: f64, spread: f64) -> f64 {
    let away: f64 = times.iter().map(|time| (time.max(1.0) / median).ln().abs()).sum();
    -(times.len() as f64) * (2.0 * spread).ln() - away / spread
}

/// Returns the mean distance of the times' logarithms from that of the median.
fn spread(times: &[f64], median: f64) -> f64 {
    let away: f64 = times.iter().map(|time| (time.max(1.0) / median).ln().abs()).sum();
    (away / times.len().max(1) as f64).max(LEAST_SPREAD)
}
