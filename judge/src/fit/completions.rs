//! The measured completions, and their distance from the completions of a pool.

use super::candidate::Candidate;
use crate::arrivals::ArrivalTimes;
use crate::model;
use crate::trace::Trace;

/// The plausible service times in the burst, as multiples of the service time of a request alone.
const SERVICE_RANGE: (f64, f64) = (0.6, 1.6);
/// The standard deviation of service times, as a share: the value for few samples (a uniform distribution over 30 % to
/// either side), and the smallest that is assumed.
const DEVIATION: (f64, f64) = (0.18, 0.02);
/// The largest share of the network in an answer's time: the network is part of the latency, but not of the service.
const NETWORK_SHARE: f64 = 0.02;
/// The allowed error of the mean service time, in standard errors.
const STANDARD_ERRORS: f64 = 2.8;
/// The first wave's end, as multiples of the first answer's time. With service times that vary by 30 % to either side, no
/// answer of the second wave comes before 1.54, and no answer of the first after 1.86.
const FIRST_WAVE: (f64, f64) = (1.5, 1.92);
/// The latest end of a first wave without a clear end: service times may vary by more than 30 %.
const UNCLEAR_FIRST_WAVE: f64 = 2.5;

/// The completions of a burst in the order of time.
pub(super) struct Completions {
    /// The completion times from the first arrival, in microseconds.
    done: Vec<f64>,
    /// For each n: the sum of the first n latencies, and the sum of their squares.
    latency_sums: Vec<(f64, f64)>,
    /// The number of first answers with latencies that may belong to one wave.
    similar: usize,
    /// The service time of a request alone, in microseconds.
    alone_us: f64,
    /// Whether all planned requests arrived together.
    pub(super) together: bool,
}

impl Completions {
    /// Returns `None` if there are no answers or no service time.
    pub(super) fn of(trace: &Trace, arrivals: &ArrivalTimes) -> Option<Self> {
        let alone_us = trace.service_ms * 1e3;
        let mut rows: Vec<(f64, f64)> =
            trace.answered().map(|row| (row.done_us, row.done_us - row.sent_us.unwrap_or(0.0))).collect();
        if rows.is_empty() || !alone_us.is_finite() || alone_us <= 0.0 {
            return None;
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let sums = rows.iter().scan((0.0, 0.0), |(sum, squares), (_, latency)| {
            *sum += latency;
            *squares += latency * latency;
            Some((*sum, *squares))
        });
        let similar = rows.iter().scan((f64::INFINITY, 0.0_f64), |(least, most), (_, latency)| {
            (*least, *most) = (least.min(*latency), most.max(*latency));
            (*most <= FIRST_WAVE.1 * *least).then_some(())
        });
        Some(Self {
            similar: similar.count(),
            latency_sums: sums.collect(),
            done: rows.iter().map(|(done, _)| done - arrivals.first_us()).collect(),
            alone_us,
            together: arrivals.are_together(alone_us),
        })
    }

    /// Returns the smallest and the largest possible pool. The pool's first answers waited for no other, so their
    /// latencies are similar. In a burst that arrives together, about k answers come before a second wave can.
    pub(super) fn sizes(&self, offered: usize, effective: f64) -> (usize, usize) {
        let (least, most) = if self.together {
            // Among many answers, a single one may be early by chance.
            let first = self.done.get((effective / 20.0) as usize).copied().unwrap_or(0.0);
            let count_until = |share: f64| self.done.partition_point(|done| *done < share * first);
            let (least, most) = (count_until(FIRST_WAVE.0), count_until(FIRST_WAVE.1));
            if least == most { (least, most) } else { (least, count_until(UNCLEAR_FIRST_WAVE)) }
        } else {
            let most = ((effective * 3.0).ceil() as usize).saturating_add(1);
            ((effective * 0.6).floor() as usize, most.min(self.similar))
        };
        let least = least.clamp(1, offered);
        (least, most.clamp(least, offered))
    }

    /// Compares the completions with the completions of a pool of `k`. If `may_start_late`, a delay between the burst's arrival and
    /// the start of its service is fitted, too.
    pub(super) fn try_size(&self, arrivals: &ArrivalTimes, k: usize, may_start_late: bool) -> Candidate {
        let first = arrivals.first_us();
        let mut service_us = self.service_us(k);
        let mut ideal: Vec<f64> =
            model::simulate(arrivals, service_us, k).done.iter().map(|done| done - first).collect();
        let delay_us = if may_start_late { self.start_delay_us(&ideal, service_us) } else { 0.0 };
        ideal.iter_mut().for_each(|done| *done = delay_us + *done * (1.0 - delay_us / service_us));
        service_us -= delay_us;
        let total: f64 = ideal.iter().sum();
        let ratio = if total > 0.0 { self.done.iter().sum::<f64>() / total } else { 1.0 };
        // The whole burst gives a better estimate of the service time than the first answers alone.
        if self.together {
            ideal.iter_mut().for_each(|done| *done *= ratio);
        } else {
            let simulation = model::simulate(arrivals, service_us * ratio, k);
            ideal = simulation.done.iter().map(|done| done - first).collect();
        }
        let distance = |(measured, ideal): (&f64, &f64)| (measured - ideal).abs();
        let unit = (service_us * ratio).max(f64::MIN_POSITIVE);
        Candidate {
            k,
            deviation: self.done.iter().zip(&ideal).map(distance).sum::<f64>()
                / (ideal.len().max(1) as f64 * self.alone_us),
            service: unit / self.alone_us,
            service_mismatch: (ratio - 1.0).abs() / self.service_error(k),
            end_deviation: self.done.last().zip(ideal.last()).map_or(0.0, distance) / unit,
            waves: (ideal.last().copied().unwrap_or(0.0) / unit).max(1.0),
        }
    }

    /// Returns the fitted delay between the burst's arrival and the start of its service. Unlike a longer service time,
    /// it delays each wave by the same time.
    fn start_delay_us(&self, ideal: &[f64], service_us: f64) -> f64 {
        let (ideal_us, done_us): (f64, f64) = (ideal.iter().sum(), self.done.iter().sum());
        // The decrease of the sum for each microsecond that is moved from the service time to the delay.
        let decrease = (ideal_us / service_us - ideal.len() as f64).max(1.0);
        let longer_us = (service_us - self.alone_us).max(0.0);
        ((ideal_us - done_us) / decrease).clamp(0.0, longer_us)
    }

    /// Returns the estimated service time of a pool of `k`: the first k answers waited for no other. The request alone
    /// is one more sample.
    fn service_us(&self, k: usize) -> f64 {
        let count = k.min(self.latency_sums.len());
        let (sum, _) = self.latency_sums[count - 1];
        let (least, most) = SERVICE_RANGE;
        ((sum + self.alone_us) / (count + 1) as f64).clamp(least * self.alone_us, most * self.alone_us)
    }

    /// Returns the largest plausible error of that estimate, as a share.
    fn service_error(&self, k: usize) -> f64 {
        let count = k.min(self.latency_sums.len());
        let (sum, squares) = self.latency_sums[count - 1];
        let mean = sum / count as f64;
        let deviation = ((squares / count as f64 - mean * mean).max(0.0)).sqrt() / mean;
        let (unknown, least) = DEVIATION;
        // Few samples don't show their deviation.
        let is_unknown = count < 8 || deviation.is_nan();
        let deviation = if is_unknown { unknown } else { (1.2 * deviation).clamp(least, unknown) };
        STANDARD_ERRORS * deviation / (count as f64 + 1.0).sqrt() + NETWORK_SHARE
    }
}
