//! When the requests of a burst are sent.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many requests of a burst are kept one by one, unless something else is asked for.
pub const KEPT: usize = 100_000;

/// When the requests of a burst are sent.
///
/// Without `open` the loop is closed: the first `c` requests are sent as planned, and each further one
/// when a connection has its answer. With `open` every request is due at a planned time, whatever the
/// answers do; one that finds no free connection goes out late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// How many requests are sent; `usize::MAX` where `duration` alone ends the burst.
    pub n: usize,
    /// Over how many connections.
    pub c: usize,
    /// How long after the barrier's release the burst starts.
    pub delay: Duration,
    /// How far apart the first `c` sends of a closed loop are.
    pub spacing: Duration,
    /// At which planned times requests are due, where they don't wait for answers.
    pub open: Option<Open>,
    /// No request is sent after this time; those in flight may still be answered.
    pub duration: Option<Duration>,
    /// How many requests are kept one by one. Of those beyond, only what can be counted is kept.
    pub keep: usize,
}

/// Requests that are due at planned times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Open {
    /// Requests a second, of all connections together.
    pub rate: f64,
    /// For how long the rate grows evenly from nothing.
    pub ramp: Duration,
    /// How the planned times are spread.
    pub arrivals: Arrivals,
    /// Where the random times begin; the same seed gives the same times.
    pub seed: u64,
}

/// How planned times are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// All equally far apart.
    Even,
    /// At random, each independent of the others, as requests of many users come.
    Poisson,
}

impl Schedule {
    /// `n` requests, all at once.
    pub fn together(n: usize) -> Self {
        Self {
            n,
            c: n,
            delay: Duration::ZERO,
            spacing: Duration::ZERO,
            open: None,
            duration: None,
            keep: KEPT,
        }
    }

    /// How many connections are opened: never more than there are requests.
    pub fn connections(&self) -> usize {
        self.c.min(self.n)
    }

    /// Whether the first request of each connection goes at the very moment of release.
    pub fn is_together(&self) -> bool {
        self.open.is_none() && self.spacing.is_zero() && self.delay.is_zero()
    }

    /// Whether the burst is one of a rate or a time, and so outlives a server that is away for a moment.
    pub fn is_lasting(&self) -> bool {
        self.open.is_some() || self.duration.is_some()
    }

    /// Whether `time` after the burst's start is too late for another send.
    pub fn is_over(&self, time: Duration) -> bool {
        self.duration.is_some_and(|duration| time >= duration)
    }

    /// The planned requests, in the order in which they are to be sent.
    pub fn planned(&self) -> Planned {
        let seed = self.open.map_or(0, |open| open.seed);
        Planned { schedule: *self, next: 0, position: 0.0, random: fastrand::Rng::with_seed(seed) }
    }

    /// How many requests are planned: all of an open loop, the first of each connection of a closed one.
    pub fn planned_count(&self) -> usize {
        if self.open.is_some() { self.n } else { self.connections() }
    }
}

impl Open {
    /// When `count` requests have been due, after the burst's start.
    ///
    /// The rate's integral, inverted: R t²/2r while the rate grows to R over the time r, R (t - r/2) after.
    fn reaches(&self, count: f64) -> Duration {
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

/// A schedule's planned requests, each with its number and the time at which it is due after the burst's start.
#[derive(Debug, Clone)]
pub struct Planned {
    schedule: Schedule,
    next: usize,
    /// How many requests are due by the next one's time, were the arrivals even.
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
            Some(open) => open.reaches(self.step(open.arrivals)),
            None => self.schedule.spacing.saturating_mul(u32::try_from(i).unwrap_or(u32::MAX)),
        };
        Some((i, due))
    }
}

impl Planned {
    /// The present position, or for a Poisson process the next: its gaps are exponential, and stretching
    /// its time by the rate's integral keeps it one (Cinlar, "Introduction to Stochastic Processes", 1975).
    fn step(&mut self, arrivals: Arrivals) -> f64 {
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
    fn a_closed_loop_plans_the_first_of_each_connection() {
        let schedule = Schedule { c: 2, spacing: Duration::from_millis(5), ..Schedule::together(4) };
        let planned: Vec<_> = schedule.planned().collect();
        assert_eq!(planned, [(0, Duration::ZERO), (1, Duration::from_millis(5))]);
    }

    #[test]
    fn an_even_rate_is_due_at_equal_distances() {
        let times = times(&open(100.0, 0.0, Arrivals::Even, 0));
        assert_eq!(times.len(), 20_000);
        for (i, time) in times.iter().enumerate() {
            assert!((time - i as f64 / 100.0).abs() < 1e-6, "{i}: {time}");
        }
    }

    #[test]
    fn a_ramp_reaches_the_rate_evenly_and_keeps_it() {
        let times = times(&open(100.0, 4.0, Arrivals::Even, 0));
        let due_by = |time: f64| times.iter().filter(|at| **at < time).count() as f64;
        // Half the rate on average over the ramp, a quarter of its requests in the first half.
        for (time, count) in [(2.0, 50.0), (4.0, 200.0), (5.0, 300.0), (10.0, 800.0)] {
            assert!((due_by(time) - count).abs() <= 1.0, "{time}: {}", due_by(time));
        }
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_poisson() {
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
        fn all_of_an_open_loop_and_the_first_of_a_closed_one_are_planned(n in 1_usize..500, c in 1_usize..600, rate in 0.1..1e5, kind in 0..3) {
            let arrivals = [None, Some(Arrivals::Even), Some(Arrivals::Poisson)][kind as usize];
            let open = arrivals.map(|arrivals| Open { rate, ramp: Duration::ZERO, arrivals, seed: 1 });
            let schedule = Schedule { c, open, ..Schedule::together(n) };
            let count = if open.is_some() { n } else { c.min(n) };
            prop_assert!(schedule.planned().map(|(i, _)| i).eq(0..count));
        }

        #[test]
        fn a_seed_repeats_its_times_and_they_never_go_back(seed: u64, ramp in 0.0..10.0) {
            let schedule = open(50.0, ramp, Arrivals::Poisson, seed);
            let first = times(&schedule);
            prop_assert!(first.is_sorted());
            prop_assert_eq!(&first, &times(&schedule));
            prop_assert_ne!(&first, &times(&open(50.0, ramp, Arrivals::Poisson, seed ^ 1)));
        }
    }
}
