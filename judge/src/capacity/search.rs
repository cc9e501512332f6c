//! Which burst to fire next.

use std::time::Duration;

use super::bursts::Bursts;
use super::end::End;
use super::firing::{Firing, Purpose};
use super::larger::Larger;
use super::observation::Observation;
use super::pause;
use super::sizes::Sizes;
use super::step::Step;

/// E still grows if twice the requests give E times this.
const GROWTH: f64 = 1.25;

/// A search for the capacity. It has no state: the observed bursts determine the next.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The size of the largest allowed burst.
    pub limit: usize,
    /// The number of bursts of each decisive size; twice as many are fired if they disagree.
    pub repeat: usize,
}

impl Search {
    /// Returns these bursts, with what the search allows.
    pub(super) fn bursts<'a>(&self, observed: &'a [Observation], spread: Option<f64>) -> Bursts<'a> {
        Bursts::of(observed, spread, self.limit, self.repeat)
    }

    /// Returns the step after these bursts. `spread` is the standard deviation of the service time's logarithm, if it is known.
    ///
    /// Single requests come first, for the service time; they are repeated if it proves wrong. Then the size doubles until
    /// the server doesn't take a burst at once. Then sizes between the largest burst that it took and the smallest that it
    /// didn't, guided by the number of first answers, lead to the N that it takes and the N + 1 that it doesn't. Bursts of
    /// N, N + 1 and 2 N are repeated. Then bursts after a pause and over fresh connections check N.
    ///
    /// If a shared resource slows all requests, there is no such limit: the size doubles
    /// until the effective concurrency E stops growing, and sizes are added for the law of
    /// [scalability](super::Scalability).
    ///
    /// If service times vary, or the bursts look like no fixed limit, larger bursts follow, until the judge is sure what kind of
    /// server answers.
    pub fn next(&self, observed: &[Observation], spread: Option<f64>) -> Step {
        let bursts = self.bursts(observed, spread);
        if let Some(step) = revive(&bursts) {
            return step;
        }
        let sizes = &bursts.sizes;
        let alone =
            if observed.iter().any(Observation::is_too_quick) { 2 * self.repeat } else { self.repeat };
        // If service times vary, a late answer to a single request is no disturbance, and enough of them are known.
        if !bursts.is_varied() && sizes.get(1).is_none_or(|single| single.count() < alone) {
            return self.fire(1, sizes);
        }
        if bursts.needs_larger() {
            return Larger::of(&bursts).next();
        }
        match self.direct(sizes) {
            Step::Done(End::Found) if sizes.is_shared() => Larger::of(&bursts).next(),
            Step::Done(End::Found) => check(&bursts),
            step => step,
        }
    }

    /// Returns the step of the search by answers that came at once.
    fn direct(&self, sizes: &Sizes) -> Step {
        let taken = sizes.taken();
        let Some((too_large, _)) = sizes.too_large().next() else {
            return match taken < self.limit {
                true => self.fire((2 * taken).min(self.limit), sizes),
                false => self.settle(&[self.limit], sizes).unwrap_or(Step::Done(End::Limit)),
            };
        };
        if sizes.is_shared() {
            return self.grow(sizes);
        }
        if too_large > taken + 1 {
            return self.fire(between(taken, too_large, sizes), sizes);
        }
        let twice = (2 * taken).min(self.limit).max(too_large);
        self.settle(&[taken, too_large, twice], sizes).unwrap_or(Step::Done(End::Found))
    }

    /// Returns the first of `wanted` that was not fired often enough.
    fn settle(&self, wanted: &[usize], sizes: &Sizes) -> Option<Step> {
        let unsettled = |n: &&usize| sizes.get(**n).is_none_or(|size| !size.is_settled(self.repeat));
        wanted.iter().find(unsettled).map(|n| self.fire(*n, sizes))
    }

    /// Returns the step if a shared resource slows all requests: larger bursts, until E stops growing.
    fn grow(&self, sizes: &Sizes) -> Step {
        let Some((top, largest)) = sizes.too_large().next_back() else { return Step::Done(End::Found) };
        if let Some(step) = self.settle(&[top], sizes) {
            return step;
        }
        let before = sizes.iter().filter(|(n, _)| *n < top).map(|(_, size)| size.effective());
        match largest.effective() > GROWTH * before.fold(0.0, f64::max) {
            true if top < self.limit => self.fire((2 * top).min(self.limit), sizes),
            true => Step::Done(End::Limit),
            // A few disturbed bursts can look like this.
            false if largest.count() < 2 * self.repeat => self.fire(top, sizes),
            false => between_sizes(sizes).map_or(Step::Done(End::Found), |n| self.fire(n, sizes)),
        }
    }

    /// Fires a burst, unless too many bursts of this size were disturbed.
    fn fire(&self, n: usize, sizes: &Sizes) -> Step {
        match sizes.get(n) {
            Some(size) if size.disturbed() >= 2 * self.repeat => Step::Done(End::Generator),
            _ => Step::Fire(Firing::new(n, Purpose::Search)),
        }
    }

    /// Returns about how long the search takes at most, for a service time of `service`.
    pub fn about(&self, service: Duration) -> Duration {
        let doublings = self.limit.next_power_of_two().trailing_zeros();
        let repeat = u32::try_from(self.repeat).unwrap_or(u32::MAX);
        // Bursts of 1, N, N + 1, 2 N and of the first size that was too large are repeated. Bursts beyond N take two
        // service times.
        let bursts =
            service.saturating_mul(doublings.saturating_add(repeat.saturating_mul(1 + 1 + 2 + 2 + 2)));
        bursts.saturating_add(pause::after(service.saturating_mul(2)))
    }
}

/// Returns the step after a burst without answers: single requests, the second after a pause, test whether the server still
/// runs.
fn revive(bursts: &Bursts) -> Option<Step> {
    match bursts.observed.iter().rev().take_while(|burst| burst.answered == 0).count() {
        0 => None,
        1 => Some(Step::Fire(Firing::new(1, Purpose::Search))),
        2 => Some(Step::Fire(Firing { pause: bursts.pause(), ..Firing::new(1, Purpose::Search) })),
        _ => Some(Step::Done(End::Unanswered)),
    }
}

/// Returns the step after the search has found a fixed limit.
fn check(bursts: &Bursts) -> Step {
    if !bursts.agree_with_fixed_limit() || bursts.pause_differs() {
        return Larger::of(bursts).next();
    }
    let n = bursts.sizes.too_large().next_back().map_or(bursts.limit, |(n, _)| n);
    bursts.unchecked(n).map_or(Step::Done(End::Found), Step::Fire)
}

/// Returns a size between the two: the number of first answers of the burst that was too large, or one more if the server
/// takes that; else the middle.
fn between(taken: usize, too_large: usize, sizes: &Sizes) -> usize {
    let guess = sizes.get(too_large).map_or(0, |size| size.at_once());
    match guess {
        guess if taken < guess && guess < too_large => guess,
        guess if guess == taken => taken + 1,
        _ => taken + (too_large - taken) / 2,
    }
}

/// Returns a size in the widest gap, if the law of scalability needs more sizes.
fn between_sizes(sizes: &Sizes) -> Option<usize> {
    let fired: Vec<usize> = sizes.iter().map(|(n, _)| n).collect();
    if fired.len() >= super::scalability::MIN_SIZES {
        return None;
    }
    let gaps = fired.windows(2).map(|pair| (pair[0], pair[1])).filter(|(below, above)| above - below > 1);
    let widest = gaps.max_by(|a, b| (a.1 * b.0).cmp(&(b.1 * a.0)));
    widest.map(|(below, above)| (below * above).isqrt().clamp(below + 1, above - 1))
}
