//! What the models explain: the times of a burst, and the times of requests alone.

use crate::arrivals::ArrivalTimes;
use crate::kind::{Kind, PARALLEL, SEQUENTIAL};
use crate::likelihood::{OFFSET, OUTLIERS, Observation, ServiceTime};
use crate::stats::{self, ln_gamma};
use crate::trace::{ErrorKind, Outcome, Row, Trace};

/// The times of a network on the same machine vary by about this much, in seconds.
const NETWORK: f64 = 0.000_4;
/// The least spread of service times that is assumed.
const LEAST_SPREAD: f64 = 0.004;
/// The mean service time in the burst may differ from that of requests alone by about this share.
const SHIFT: f64 = 0.04;
/// As [`SHIFT`], if no request alone was measured.
const UNKNOWN_SHIFT: f64 = 0.4;
/// The prior of the spread: the logarithm's mean and standard deviation.
const SPREAD_PRIOR: (f64, f64) = (-2.9, 1.1);
/// A number of services this near to a whole one is whole, and the penalty if that would be a coincidence.
const NEAR_WHOLE: f64 = 0.06;
const COINCIDENCE: f64 = -9.0;
/// Answers that leave together come within about this share of the service time.
const MOST_JITTER: f64 = 0.08;
/// The width of a cell of time, as a share of the service time.
const CELL: f64 = 0.02;
/// More requests than this are observed in coarser cells.
const FINE: f64 = 100.0;
/// Models explain so many of the first answers, and four for each request that is served at a time.
const MOST_ANSWERS: usize = 250;

/// A burst that models explain. Times are seconds from the first arrival.
#[derive(Debug, Clone)]
pub(crate) struct Burst {
    pub(crate) observed: Observation,
    /// The times of requests alone.
    pub(crate) solos: Vec<f64>,
    /// The time of the warm-up request, if it did the same work.
    pub(crate) warm_up: Option<f64>,
    /// The median time of a request alone.
    pub(crate) alone: f64,
    /// The spread of the requests alone: the standard deviation of the logarithm.
    pub(crate) spread: f64,
    /// The least spread that measured times can have.
    pub(crate) least_spread: f64,
    /// The largest number of requests that are in a server without limit at once.
    pub(crate) offered: usize,
    /// The burst's makespan at a server without limit and at one that takes one request at a time, by the median.
    pub(crate) unlimited: f64,
    pub(crate) one_at_a_time: f64,
    /// The width of a cell of time.
    pub(crate) width: f64,
    /// When the server answered requests of other bursts, in this order.
    beside: Vec<f64>,
    shift: f64,
}

impl Burst {
    /// Returns `None` if there are fewer than three answers, or no service time.
    pub(crate) fn of(
        trace: &Trace,
        arrivals: &ArrivalTimes,
        offered: usize,
        limits_ms: (f64, f64),
    ) -> Option<Self> {
        let alone = seconds_alone(trace.service_ms);
        if !alone.is_finite() || alone <= 0.0 {
            return None;
        }
        let Times { arrived, done, until, beside } = Times::of(trace, arrivals)?;
        let least_spread = least_spread(trace, alone);
        let solos: Vec<f64> =
            trace.baseline.times_ms().map(seconds_alone).filter(|time| *time > 0.0).collect();
        let solos = if solos.is_empty() { vec![alone] } else { solos };
        let spread = robust_spread(&solos, least_spread);
        let coarser = (done.len() as f64 / FINE).sqrt().max(1.0);
        let width = alone * (CELL.max(2.0 * least_spread).max(spread / 5.0) * coarser).min(0.1);
        // The first answers of a long burst show its mechanism.
        let effective = done.len() as f64 * alone / done.last().copied().unwrap_or(alone).max(alone);
        let enough = MOST_ANSWERS + (4.0 * effective.min(offered as f64)) as usize;
        let mut observed = Observation::new(arrived, done, width, until, FINE as usize);
        observed.limit(enough);
        Some(Self {
            observed,
            solos,
            warm_up: trace.baseline.warm_up_ms.map(seconds_alone).filter(|time| *time > 0.0),
            alone,
            spread,
            least_spread,
            offered,
            unlimited: limits_ms.0 / 1e3,
            one_at_a_time: limits_ms.1 / 1e3,
            width,
            beside,
            shift: if trace.missing.service { UNKNOWN_SHIFT } else { SHIFT },
        })
    }

    /// Returns the same burst with a single request alone of another time.
    pub(super) fn with_alone(&self, time: f64, spread: f64) -> Self {
        Self { solos: vec![time], spread, ..self.clone() }
    }

    /// Returns the share of the times from 0 to `until` at which a pause of this length can have begun: the server answered no
    /// request of another burst in it.
    pub(super) fn share_of_starts(&self, until: f64, length: f64) -> f64 {
        let (mut free, mut from) = (0.0, 0.0_f64);
        for at in self.beside.iter().filter(|at| **at < until + length) {
            // A pause that began from `at - length` to `at` would have delayed this answer.
            free += ((at - length).min(until) - from).max(0.0);
            from = from.max(at.min(until));
        }
        (free + until - from) / until
    }

    /// Returns the number of answers.
    pub(crate) fn answers(&self) -> usize {
        self.observed.done.len()
    }

    /// Returns the logarithm of the probability of the requests alone, with the priors: the mean of the burst's services may
    /// differ a little from theirs.
    pub(crate) fn log_solos(&self, service: &ServiceTime) -> f64 {
        // A request alone that is the only one can't be told to be an outlier.
        let outliers = if self.solos.len() < 3 { OUTLIERS / 1e4 } else { OUTLIERS };
        let log = |shift: f64| {
            let shifted = ServiceTime { mu: service.mu - shift * self.shift, ..*service };
            self.solos.iter().map(|time| shifted.log_density(*time, outliers)).sum::<f64>()
                - shift * shift / 2.0
        };
        let shifts = [-3.0, -2.2, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.2, 3.0];
        let best = shifts.into_iter().map(log).fold(f64::NEG_INFINITY, f64::max);
        let (mean, deviation) = SPREAD_PRIOR;
        best - ((service.sigma.ln() - mean) / deviation).powi(2) / 2.0
    }

    /// Returns the logarithm of the probability that answers which left together at `together` came in their cells.
    /// `jitter` is the standard deviation of their times, in service times.
    pub(crate) fn log_together(&self, answers: &[f64], together: f64, jitter: f64) -> f64 {
        let jitter =
            ServiceTime::new(0.0, jitter.clamp(self.least_spread, MOST_JITTER.max(self.least_spread)));
        // The time is counted from one service time before, so that the jitter is a share of it.
        let jitter = jitter.survival();
        let survival = |at: f64| jitter.at(1.0 + (at - together) / self.alone);
        // Answers have no order: each division among cells counts as often as it can come about.
        let mut log = ln_gamma(answers.len() as f64 + 1.0);
        let cell = |at: &f64| (at / self.width + OFFSET).floor() - OFFSET;
        for answers in answers.chunk_by(|a, b| cell(a) == cell(b)) {
            let from = cell(&answers[0]) * self.width;
            let p = (survival(from) - survival(from + self.width)).max(1e-9);
            let count = answers.len() as f64;
            log += count * p.ln() - ln_gamma(count + 1.0);
        }
        log
    }

    /// Returns the penalty for a delay that makes answers come after a whole number of services, as from a pool: it would be a
    /// coincidence.
    pub(crate) fn coincidence(&self, answers_at: f64) -> f64 {
        let services = answers_at / self.alone;
        let is_whole = services > 1.5 && (services - services.round()).abs() < NEAR_WHOLE;
        if is_whole { COINCIDENCE } else { 0.0 }
    }

    /// Returns how a burst of this makespan was served, by the makespans of a server without limit and of one that takes
    /// one request at a time. `service` are the services of the burst.
    pub(crate) fn kind(&self, service: &ServiceTime) -> Kind {
        let mean = self.solos.iter().sum::<f64>() / self.solos.len() as f64 / self.alone;
        // The longest of so many services.
        let part = service.slower.map_or(1.0, |(_, ratio)| ratio.exp());
        let slowest =
            (service.sigma * (2.0 * (self.answers() as f64).ln()).sqrt()).exp() * part * service.median()
                / self.alone;
        let makespan = self.observed.end();
        let longest_service = self.alone * slowest.max(1.0);
        let unlimited = (self.unlimited - self.alone).max(0.0) + longest_service;
        let one_at_a_time = self.one_at_a_time * mean;
        match makespan {
            time if time <= unlimited / PARALLEL => Kind::Parallel,
            time if time >= one_at_a_time / SEQUENTIAL && time <= one_at_a_time * SEQUENTIAL => {
                Kind::Sequential
            }
            _ => Kind::Limited,
        }
    }
}

/// The times of a burst, in seconds from the first arrival.
struct Times {
    /// When the requests arrived that were answered or timed out.
    arrived: Vec<f64>,
    /// When they were answered.
    done: Vec<f64>,
    /// The latest time at which a request timed out; 0 if none did.
    until: f64,
    /// When requests of other bursts were answered.
    beside: Vec<f64>,
}

impl Times {
    /// Returns `None` if there are fewer than three answers.
    fn of(trace: &Trace, arrivals: &ArrivalTimes) -> Option<Self> {
        // As exact as times are in result files: a burst that is judged again has the same verdict.
        let tenths = |us: f64| (us * 10.0).round() / 10.0;
        let first = tenths(arrivals.first_us());
        let is_time = |time: &f64| time.is_finite() && time.abs() < 1e12;
        let sent = |row: &Row| row.sent_us.or(row.planned_us).unwrap_or(0.0);
        let seconds = |us: f64| ((tenths(us) - first) / 1e6).max(0.0);
        let mut arrived: Vec<f64> = trace.answered().map(sent).filter(is_time).map(seconds).collect();
        let mut done: Vec<f64> =
            trace.answered().map(|row| row.done_us).filter(is_time).map(seconds).collect();
        if done.len() < 3 || arrived.len() != done.len() {
            return None;
        }
        // Requests that timed out were in the server until then.
        let timed_out = trace.rows.iter().filter(|row| {
            matches!(&row.outcome, Outcome::Failed(fault) if fault.kind == ErrorKind::Timeout)
                && row.sent_us.is_some()
        });
        let mut until = 0.0_f64;
        for row in timed_out {
            arrived.push(seconds(sent(row)));
            until = until.max(seconds(row.done_us.min(1e12)));
        }
        let mut beside: Vec<f64> = trace.beside_us.iter().copied().filter(is_time).map(seconds).collect();
        arrived.sort_by(f64::total_cmp);
        done.sort_by(f64::total_cmp);
        beside.sort_by(f64::total_cmp);
        Some(Self { arrived, done, until, beside })
    }
}

/// Returns the time of a request alone, in seconds, as exact as it is in result files.
fn seconds_alone(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e6
}

/// Returns the least spread that measured times can have: the network, the generator and the resolution add to it.
fn least_spread(trace: &Trace, alone: f64) -> f64 {
    let lag = (trace.generator.lag_p99_us / 100.0).round().clamp(0.0, 1e4) / 1e4;
    let step = trace.missing.resolution_us.clamp(0.0, 1e6) / 1e6;
    LEAST_SPREAD.hypot((NETWORK + 0.2 * lag + step) / alone).min(0.5)
}

fn standard_deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// Returns the standard deviation of the logarithm; outliers hardly count.
fn robust_spread(times: &[f64], least: f64) -> f64 {
    let logs: Vec<f64> = times.iter().map(|time| time.ln()).collect();
    match stats::median_deviation(&logs) {
        Some(deviation) if logs.len() >= 3 => {
            (1.6 * deviation).max(0.5 * standard_deviation(&logs)).clamp(least, 1.5)
        }
        _ => (2.0 * least).clamp(0.03, 1.5),
    }
}
