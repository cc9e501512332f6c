//! A pool size that was tried.

/// A pool size that was tried, with its distance from the measured completions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) k: usize,
    /// The mean distance of the completions from the completions of a pool of `k`, in service times of a request alone.
    pub(super) deviation: f64,
    /// The service time that was fitted with `k`, in service times of a request alone.
    pub(super) service: f64,
    /// The difference between the service time of the whole burst and the service time of the first answers, in units
    /// of the largest difference that variation explains: above 1 is implausible.
    pub(super) service_mismatch: f64,
    /// The distance of the last completion from the pool's, in fitted service times.
    pub(super) end_deviation: f64,
    /// The number of waves: the pool's makespan in fitted service times.
    pub(super) waves: f64,
}

impl Candidate {
    pub(super) fn is_plausible(&self) -> bool {
        self.service_mismatch <= 1.0
    }

    pub(super) fn cost(&self) -> f64 {
        // An implausible size is only chosen if no other is available.
        let implausible = if self.is_plausible() { 0.0 } else { 1e3 * self.service_mismatch };
        self.deviation + 0.02 * self.service_mismatch + implausible
    }
}

/// Returns the candidate of the lowest cost.
pub(super) fn cheapest(candidates: &[Candidate]) -> Option<Candidate> {
    candidates.iter().copied().min_by(|a, b| a.cost().total_cmp(&b.cost()))
}
