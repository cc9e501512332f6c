//! When the requests of a burst are sent.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The default of [`Schedule::keep`].
pub const DEFAULT_KEEP: usize = 100_000;

/// When the requests of a burst are sent.
///
/// Without `open` the loop is closed: the first `c` requests are sent as planned, and each further request is sent when
/// a connection has its answer. With `open` every request is due at a planned time, independent of the answers; a
/// request that finds no free connection is sent late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The number of requests; `usize::MAX` if `duration` alone ends the burst.
    pub n: usize,
    /// The number of connections.
    pub c: usize,
    /// The time from the barrier's release to the burst's start.
    pub delay: Duration,
    /// The time between the first `c` sends of a closed loop.
    pub spacing: Duration,
    /// The planned times, if requests don't wait for answers.
    pub open: Option<Open>,
    /// No request is sent after this time. Requests in flight may still be answered.
    pub duration: Option<Duration>,
    /// The number of requests that are kept one by one. The requests beyond are only aggregated.
    pub keep: usize,
}

/// Requests that are due at planned times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Open {
    /// Requests per second, over all connections.
    pub rate: f64,
    /// The time in which the rate grows linearly from 0.
    pub ramp: Duration,
    /// The distribution of the planned times.
    pub arrivals: Arrivals,
    /// The seed of random times; the same seed gives the same times.
    pub seed: u64,
}

/// The distribution of planned times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Equal gaps.
    Even,
    /// A Poisson process: independent random gaps, as from many users.
    Poisson,
}

impl Schedule {
    /// Returns a burst of `n` requests that are all sent at once, over a connection each.
    pub fn together(n: usize) -> Self {
        Self {
            n,
            c: n,
            delay: Duration::ZERO,
            spacing: Duration::ZERO,
            open: None,
            duration: None,
            keep: DEFAULT_KEEP,
        }
    }

    /// Returns the number of connections that are opened: at most one per request.
    pub fn connections(&self) -> usize {
        self.c.min(self.n)
    }

    /// Whether the first request of each connection is sent at the barrier's release.
    pub fn is_together(&self) -> bool {
        self.open.is_none() && self.spacing.is_zero() && self.delay.is_zero()
    }

    /// Whether a rate or a duration sets the burst's length, so that it continues if the server is away for a moment.
    pub fn is_lasting(&self) -> bool {
        self.open.is_some() || self.duration.is_some()
    }

    /// Whether no request is sent any more at `time` after the burst's start.
    pub fn is_over(&self, time: Duration) -> bool {
        self.duration.is_some_and(|duration| time >= duration)
    }

    /// Returns the planned requests in the order of their sends.
    pub fn planned(&self) -> Planned {
        let seed = self.open.map_or(0, |open| open.seed);
        Planned { schedule: *self, next: 0, position: 0.0, random: fastrand::Rng::with_seed(seed) }
    }

    /// Returns the number of planned requests: all requests of an open loop, the first request of each connection in a
    /// closed loop.
    pub fn planned_count(&self) -> usize {
        if self.open.is_some() { self.n } else { self.connections() }
    }
}

impl Open {
    /// Returns the time after the burst's start at which `count` requests have been due.
    ///
    /// This inverts the rate's integral: R t²/2r while the rate grows to R over the time r, then R (t - r/2).
    fn due_after(&self, count: f64) -> Duration {
        let ramp = self.ramp.as_secs_f64();
        let in_ramp = self.rate * ramp / 2.0;
        let seconds = if count < in_ramp {
            (2.0 * ramp * count / self.rate).sqrt()
        } else {
            count / self.rate + ramp / 2.0
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// An iterator over a schedule's planned requests: the number of each request, and the time after the burst's start at
/// which it is due.
#[derive(Debug, Clone)]
pub struct Planned {
    schedule: Schedule,
    next: usize,
    /// The number of requests that an even rate would have sent by the next request's time.
    position: f64,
    random: fastrand::Rng,
}

impl Iterator for Planned {
    type Item = (usize, Duration);

    fn next(&mut self) -> Option<Self::Item> {
        let i = self.next;
        if i >= self.schedule.planned_count() {
            return None;
        }
        self.next += 1;
        let due = match self.schedule.open {
            Some(open) => open.due_after(self.next_position(open.arrivals)),
            None => self.schedule.spacing.saturating_mul(u32::try_from(i).unwrap_or(u32::MAX)),
        };
        Some((i, due))
    }
}

impl Planned {
    /// Returns the position of the next request. The gaps of a Poisson process are exponential; rescaling its time by the
    /// rate's integral gives the process with that rate (Cinlar, "Introduction to Stochastic Processes", 1975).
    fn next_position(&mut self, arrivals: Arrivals) -> f64 {
        match arrivals {
            Arrivals::Even => {
                self.position += 1.0;
                self.position - 1.0
            }
            Arrivals::Poisson => {
                self.position -= (1.0 - self.random.f64()).ln();
                self.position
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(rate: f64, ramp_s: f64, arrivals: Arrivals, seed: u64) -> Schedule {
        let open = Open { rate, ramp: Duration::from_secs_f64(ramp_s), arrivals, seed };
        Schedule { open: Some(open), ..Schedule::together(20_000) }
    }

    fn times(schedule: &Schedule) -> Vec<f64> {
        schedule.planned().map(|(_, due)| due.as_secs_f64()).collect()
    }

    #[test]
    fn a_closed_loop_plans_the_first_request_of_each_connection() {
        let schedule = Schedule { c: 2, spacing: Duration::from_millis(5), ..Schedule::together(4) };
        let planned: Vec<_> = schedule.planned().collect();
        assert_eq!(planned, [(0, Duration::ZERO), (1, Duration::from_millis(5))]);
    }

    #[test]
    fn an_even_rate_has_equal_gaps() {
        let times = times(&open(100.0, 0.0, Arrivals::Even, 0));
        assert_eq!(times.len(), 20_000);
        for (i, time) in times.iter().enumerate() {
            assert!((time - i as f64 / 100.0).abs() < 1e-6, "{i}: {time}");
        }
    }

    #[test]
    fn a_ramp_grows_linearly_to_the_rate_and_keeps_it() {
        let times = times(&open(100.0, 4.0, Arrivals::Even, 0));
        let due_by = |time: f64| times.iter().filter(|at| **at < time).count() as f64;
        // The average rate over the ramp is half the rate; its first half has a quarter of its requests.
        for (time, count) in [(2.0, 50.0), (4.0, 200.0), (5.0, 300.0), (10.0, 800.0)] {
            assert!((due_by(time) - count).abs() <= 1.0, "{time}: {}", due_by(time));
        }
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_deviation_of_a_poisson_process() {
        let times = times(&open(100.0, 0.0, Arrivals::Poisson, 7));
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((mean - 0.01).abs() < 0.0003, "{mean}");
        // The gaps' standard deviation is their mean.
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.05, "{variance}");
    }

    proptest! {
        #[test]
        fn an_open_loop_plans_all_requests_and_a_closed_loop_one_per_connection(n in 1_usize..500, c in 1_usize..600, rate in 0.1..1e5, kind in 0..3) {
            let arrivals = [None, Some(Arrivals::Even), Some(Arrivals::Poisson)][kind as usize];
            let open = arrivals.map(|arrivals| Open { rate, ramp: Duration::ZERO, arrivals, seed: 1 });
            let schedule = Schedule { c, open, ..Schedule::together(n) };
            let count = if open.is_some() { n } else { c.min(n) };
            prop_assert!(schedule.planned().map(|(i, _)| i).eq(0..count));
        }

        #[test]
        fn a_seed_repeats_its_times_and_times_never_decrease(seed: u64, ramp in 0.0..10.0) {
            let schedule = open(50.0, ramp, Arrivals::Poisson, seed);
            let first = times(&schedule);
            prop_assert!(first.is_sorted());
            prop_assert_eq!(&first, &times(&schedule));
            prop_assert_ne!(&first, &times(&open(50.0, ramp, Arrivals::Poisson, seed ^ 1)));
        }
    }
}
