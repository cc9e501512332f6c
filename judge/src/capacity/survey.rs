//! A running search: the bursts so far, and the service time by which they are judged.

use super::answer::Answer;
use super::end::End;
use super::observation::Observation;
use super::search::{Search, Step};
use super::sizes::Sizes;
use crate::stats::percentile;
use crate::trace::Trace;

/// A running search.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The search's limits.
    pub search: Search,
    /// The bursts so far, in order.
    pub observed: Vec<Observation>,
    service_ms: f64,
    is_given: bool,
    /// The times of single requests in order, in milliseconds.
    alone_ms: Vec<f64>,
}

impl Survey {
    /// Returns a search without bursts. `service_ms` is the service time, in milliseconds. Bursts of one request update it,
    /// unless the user gave it (`is_given`).
    pub fn new(search: Search, service_ms: f64, is_given: bool) -> Self {
        Self { search, observed: Vec::new(), service_ms, is_given, alone_ms: vec![service_ms] }
    }

    /// Returns the service time so far, in milliseconds.
    pub fn service_ms(&self) -> f64 {
        self.service_ms
    }

    /// Returns the largest burst that the server took at once so far.
    pub fn taken(&self) -> usize {
        Sizes::of(&self.observed, self.search.repeat).taken()
    }

    /// Returns the next step.
    pub fn next(&self) -> Step {
        self.search.next(&self.observed)
    }

    /// Adds a burst.
    pub fn add(&mut self, trace: &Trace) {
        let observation = Observation::of(trace);
        if observation.n == 1 && observation.answered == 1 {
            self.alone_ms.push(trace.makespan_ms());
            self.update_service_time();
        }
        self.observed.push(observation);
    }

    /// Sets the service time to the median of the latest single requests: untypical first requests drop out.
    fn update_service_time(&mut self) {
        if !self.is_given {
            let mut latest: Vec<f64> = self.alone_ms.iter().rev().take(self.search.repeat).copied().collect();
            latest.sort_by(f64::total_cmp);
            self.service_ms = percentile(&latest, 0.5).unwrap_or(self.service_ms);
        }
    }

    /// Returns the answer after a search that ended for this reason.
    pub fn answer(&self, ended: End) -> Answer {
        Answer::of(&self.search, &self.observed, ended)
    }
}
