//! What a load generator's summary says.

use crate::trace::Baseline;

/// The least share of the whole time that the slowest answer of requests takes that were sent at once.
const SPANNING: f64 = 0.9;

/// What a load generator's summary says about one burst: counts and a distribution of times, but no single requests. Times are
/// milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// The number of good answers.
    pub answered: usize,
    /// The number of requests that the server turned away as servers do under load: see
    /// [`Ending::Refused`](crate::trace::Ending::Refused).
    pub refused: usize,
    /// The number of all other requests.
    pub failed: usize,
    /// What most of the requests got that have no good answer, such as `status 503`.
    pub failure: Option<String>,
    /// The time from the first send to the last answer.
    pub duration_ms: f64,
    /// The number of connections, or of virtual users, each of which sends its next request after its last answer; `None` if it is
    /// unknown, or a rate sets the sends.
    pub connections: Option<usize>,
    /// The planned requests per second, if the sends don't wait for answers.
    pub per_second: Option<f64>,
    /// Whether the users of the tool may pause between requests, as those of a script do.
    pub may_pause: bool,
    /// The time of the fastest answer.
    pub fastest_ms: Option<f64>,
    /// The arithmetic mean of the answers' times.
    pub mean_ms: Option<f64>,
    /// The time of the slowest answer.
    pub slowest_ms: Option<f64>,
    /// The distribution of the answers' times.
    pub quantiles: Vec<Quantile>,
    /// The step of the times; 0 if they are exact.
    pub resolution_ms: f64,
    /// The service time; `None` if nobody measured it.
    pub service_ms: Option<f64>,
    /// The times of the requests alone that `service_ms` is the median of; empty if only the median is known.
    pub baseline: Baseline,
}

impl Summary {
    /// Whether all requests were sent at once: the slowest answer took almost the whole time, so that it was sent at the start.
    pub fn is_sent_at_once(&self) -> bool {
        let spans = |slowest: f64| slowest >= SPANNING * self.duration_ms;
        self.per_second.is_none() && self.slowest_ms.is_some_and(spans)
    }
}

/// A point of a distribution: the time that a share of the answers doesn't exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The share of the answers, from 0 to 1.
    pub share: f64,
    /// The least time that it can be, in milliseconds.
    pub low_ms: f64,
    /// The longest time that it can be. A histogram tells only the bar that has the quantile.
    pub high_ms: f64,
}

impl Quantile {
    /// Returns a quantile whose time is known.
    pub fn exact(share: f64, ms: f64) -> Self {
        Self { share, low_ms: ms, high_ms: ms }
    }
}
