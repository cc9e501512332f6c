//! A search under way: what was observed so far, and the service time by which it is judged.

use super::answer::{Answer, End};
use super::observation::Observation;
use super::search::{Search, Step};
use super::sizes::Sizes;
use crate::stats::percentile;
use crate::trace::Trace;

/// A search under way.
#[derive(Debug, Clone)]
pub struct Survey {
    /// How it goes about it.
    pub search: Search,
    /// The bursts so far, in order.
    pub observed: Vec<Observation>,
    service_ms: f64,
    is_given: bool,
    /// What requests alone took, in order, in milliseconds.
    alone_ms: Vec<f64>,
}

impl Survey {
    /// Nothing observed yet. `service_ms` is what one request alone takes; unless the user gave it
    /// (`is_given`), it is measured anew by bursts of one.
    pub fn new(search: Search, service_ms: f64, is_given: bool) -> Self {
        Self { search, observed: Vec::new(), service_ms, is_given, alone_ms: vec![service_ms] }
    }

    /// What one request alone takes, by what is known, in milliseconds.
    pub fn service_ms(&self) -> f64 {
        self.service_ms
    }

    /// The most that were taken at once so far.
    pub fn taken(&self) -> usize {
        Sizes::of(&self.observed, self.search.repeat).taken()
    }

    /// What to do next.
    pub fn next(&self) -> Step {
        self.search.next(&self.observed)
    }

    /// Adds a burst.
    pub fn add(&mut self, trace: &Trace) {
        let observation = Observation::of(trace);
        if observation.n == 1 && observation.answered == 1 {
            self.alone_ms.push(trace.makespan_ms());
            self.measure();
        }
        self.observed.push(observation);
    }

    /// The median of the latest: where the first proved to be untypical, they are out.
    fn measure(&mut self) {
        if !self.is_given {
            let mut latest: Vec<f64> = self.alone_ms.iter().rev().take(self.search.repeat).copied().collect();
            latest.sort_by(f64::total_cmp);
            self.service_ms = percentile(&latest, 0.5).unwrap_or(self.service_ms);
        }
    }

    /// What is known, after a search that ended so.
    pub fn answer(&self, ended: End) -> Answer {
        Answer::of(&self.search, &self.observed, ended)
    }
}
