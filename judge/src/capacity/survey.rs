//! A running search: the bursts so far, and the service time by which they are judged.

use super::answer::Answer;
use super::end::End;
use super::firing::Firing;
use super::larger::Larger;
use super::observation::Observation;
use super::search::Search;
use super::step::Step;
use crate::stats;
use crate::trace::{Baseline, Trace};
use crate::verdict::Verdict;

/// Fewer requests alone don't show how much the service time varies.
const MIN_ALONE: usize = 6;

/// A running search.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The search's limits.
    pub search: Search,
    /// The bursts so far, in order.
    pub observed: Vec<Observation>,
    service_ms: f64,
    is_given: bool,
    /// The times of requests alone, single ones of the search included.
    baseline: Baseline,
}

impl Survey {
    /// Returns a search without bursts. `service_ms` is the service time, in milliseconds, and `baseline` has the times of
    /// requests alone, if they are known. Bursts of one request update both, unless the user gave them (`is_given`).
    pub fn new(search: Search, service_ms: f64, baseline: Baseline, is_given: bool) -> Self {
        Self { search, observed: Vec::new(), service_ms, is_given, baseline }
    }

    /// Returns the service time so far, in milliseconds.
    pub fn service_ms(&self) -> f64 {
        self.service_ms
    }

    /// Returns the times of requests alone so far.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// Returns the largest burst that the server took at once so far.
    pub fn taken(&self) -> usize {
        let spread = self.spread();
        let bursts = self.search.bursts(&self.observed, spread);
        Larger::of(&bursts).taken().unwrap_or(1).max(bursts.sizes.taken())
    }

    /// Returns the next step.
    pub fn next(&self) -> Step {
        self.search.next(&self.observed, self.spread())
    }

    /// Adds a burst that was fired, with its verdict.
    pub fn add(&mut self, firing: &Firing, trace: &Trace, verdict: &Verdict) {
        let observation = Observation::of(firing, trace, verdict);
        let is_alone = observation.n == 1 && observation.answered == 1;
        self.observed.push(observation);
        if is_alone && !self.is_given {
            self.baseline.before_ms.push(trace.makespan_ms());
            self.update_service_time();
        }
    }

    /// Sets the service time to the median of the latest requests alone, so that untypical first ones drop out. If service times
    /// vary, all of them count.
    fn update_service_time(&mut self) {
        let is_varied = self.search.bursts(&self.observed, self.spread()).is_varied();
        let count = if is_varied { usize::MAX } else { self.search.repeat };
        let latest: Vec<f64> = self.baseline.before_ms.iter().rev().take(count).copied().collect();
        self.service_ms = stats::median(latest).unwrap_or(self.service_ms);
    }

    /// Returns the standard deviation of the service time's logarithm, by the differences of successive requests alone; `None`
    /// if they are too few. A change between the first ones and the others is one difference, and doesn't matter.
    ///
    /// Two thirds of the differences of normal numbers are below 1.37 deviations.
    fn spread(&self) -> Option<f64> {
        const SHARE: f64 = 2.0 / 3.0;
        const DEVIATIONS: f64 = 1.37;
        let logs: Vec<f64> = self.baseline.times_ms().map(f64::ln).collect();
        let mut differences: Vec<f64> = logs.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        differences.sort_by(f64::total_cmp);
        let most = stats::percentile(&differences, SHARE)?;
        (logs.len() >= MIN_ALONE).then_some(most / DEVIATIONS)
    }

    /// Returns the answer after a search that ended for this reason.
    pub fn answer(&self, ended: End) -> Answer {
        Answer::of(&self.search.bursts(&self.observed, self.spread()), self.baseline(), ended)
    }
}
