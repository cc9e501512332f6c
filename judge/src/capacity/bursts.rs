//! All bursts of a search, and how much the service time varies.

use std::time::Duration;

use super::firing::Purpose;
use super::observation::Observation;
use super::pause;
use super::sizes::Sizes;

/// If the logarithm of the service time has a larger deviation, an answer in the time of one request alone tells nothing: one in
/// three hundred comes later than 1.41 service times by itself, and a burst has many.
const VARIED: f64 = 0.12;
/// A search that has fired so many bursts, and as many for each repetition, finds no fixed limit.
const MOST_BURSTS: usize = 10;
/// The unknown tolerance of a second wave, as a share of the service time: without a known spread, and at most.
const MAX_TOLERANCE: f64 = 0.4;
/// The error of a service time in any case, as a share and in milliseconds.
const LEAST_TOLERANCE: (f64, f64) = (0.05, 5.0);
/// Standard deviations within which a second wave comes: the first of many requests is done early.
const DEVIATIONS: f64 = 4.0;
/// Two requests that take longer than one after the other, by this factor, wait in no queue.
const SLOWER_THAN_A_QUEUE: f64 = 1.33;

/// All bursts of a search.
pub(super) struct Bursts<'a> {
    /// The size of the largest allowed burst.
    pub(super) limit: usize,
    /// The number of bursts of each decisive size.
    pub(super) repeat: usize,
    pub(super) observed: &'a [Observation],
    /// The bursts of the search, by size.
    pub(super) sizes: Sizes<'a>,
    /// The deviation of the service time's logarithm; `None` if it is unknown.
    pub(super) spread: Option<f64>,
}

impl<'a> Bursts<'a> {
    pub(super) fn of(observed: &'a [Observation], spread: Option<f64>, limit: usize, repeat: usize) -> Self {
        Self { limit, repeat, observed, sizes: Sizes::of(observed, repeat), spread }
    }

    /// Returns the length of a pause after these bursts.
    pub(super) fn pause(&self) -> Duration {
        let longest = self.observed.iter().map(|burst| burst.makespan_ms).fold(0.0, f64::max);
        pause::after(Duration::try_from_secs_f64(longest / 1e3).unwrap_or(Duration::MAX))
    }

    /// Returns the bursts that were fired for this.
    pub(super) fn of_purpose(&self, purpose: Purpose) -> impl DoubleEndedIterator<Item = &'a Observation> {
        self.observed.iter().filter(move |burst| burst.purpose == purpose)
    }

    /// Whether service times vary so much that only the judge can tell whether requests waited.
    pub(super) fn is_varied(&self) -> bool {
        self.spread.is_some_and(|spread| spread > VARIED)
    }

    /// Whether larger bursts decide. Once they do, they do for good: the search has no state.
    pub(super) fn needs_larger(&self) -> bool {
        let fired = || self.of_purpose(Purpose::Search).filter(|burst| burst.n > 1).count();
        let is_lost = || fired() > MOST_BURSTS + MOST_BURSTS * self.repeat;
        self.is_varied() || self.of_purpose(Purpose::Judge).next().is_some() || is_lost()
    }

    /// Whether the server refused requests of the search's bursts.
    pub(super) fn refuses(&self) -> bool {
        self.of_purpose(Purpose::Search).any(|burst| burst.refused > 0)
    }

    /// Returns how far a second wave may lie from two service times, in service times.
    pub(super) fn tolerance(&self, service_ms: f64) -> f64 {
        let (share, ms) = LEAST_TOLERANCE;
        let known = self.spread.map(|spread| share + ms / service_ms + DEVIATIONS * spread);
        known.unwrap_or(MAX_TOLERANCE).min(MAX_TOLERANCE)
    }

    /// Returns the smallest burst that took clearly longer than one request after the other, if the server took only one at
    /// once: its size, and its time in service times.
    pub(super) fn slower_than_a_queue(&self) -> Option<(usize, f64)> {
        let (n, size) = self.sizes.too_large().next().filter(|_| self.sizes.taken() == 1)?;
        let is_whole = size.median(|burst| burst.answered as f64) >= n as f64;
        let times = |burst: &Observation| burst.makespan_ms / burst.service_ms;
        // All bursts: a disturbance only delays answers.
        let is_slower = size.trusted().all(|burst| times(burst) > SLOWER_THAN_A_QUEUE * n as f64);
        (is_whole && is_slower).then(|| (n, size.median(times)))
    }
}
