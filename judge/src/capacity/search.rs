//! Which burst to fire next.

use std::time::Duration;

use super::answer::End;
use super::observation::Observation;
use super::sizes::Sizes;

/// Twice the requests, and this much more served at a time: it still grows.
pub(super) const GROWS: f64 = 1.25;

/// A search for the capacity. It keeps no state of its own: what was observed says what comes next.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The largest burst allowed.
    pub limit: usize,
    /// How many bursts of a size that matters are fired; twice as many where they disagree.
    pub repeat: usize,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Fire a burst of so many requests.
    Fire(usize),
    /// Stop: no further burst would tell more.
    Done(End),
}

impl Search {
    /// What to do after these bursts.
    ///
    /// One alone first, for the service time; once more where that proves to be none. Then doubling, until
    /// E stops following the burst. Then between the last that it followed and the first that it did not,
    /// guided by how many of the latter were answered at once, down to the N that the server takes and the
    /// N + 1 that it doesn't. Then repeats at N, N + 1 and 2 N. Where all are slowed alike there is no such
    /// edge: it doubles on until E grows no more, and fills in sizes for the law of
    /// [scalability](super::Scalability).
    pub fn next(&self, observed: &[Observation]) -> Step {
        // No answer at all: is the server still there? One request alone tells.
        match observed.iter().rev().take_while(|burst| burst.answered == 0).count() {
            0 => {}
            1 | 2 => return Step::Fire(1),
            _ => return Step::Done(End::Unanswered),
        }
        let sizes = Sizes::of(observed, self.repeat);
        let alone = if observed.iter().any(Observation::is_hasty) { 2 * self.repeat } else { self.repeat };
        if sizes.get(1).is_none_or(|single| single.count() < alone) {
            return self.fire(1, &sizes);
        }
        let taken = sizes.taken();
        let Some((fallen, _)) = sizes.fallen().next() else {
            return match taken < self.limit {
                true => self.fire((2 * taken).min(self.limit), &sizes),
                false => self.settle(&[self.limit], &sizes).unwrap_or(Step::Done(End::Limit)),
            };
        };
        if sizes.is_shared() {
            return self.climb(&sizes);
        }
        if fallen > taken + 1 {
            return self.fire(between(taken, fallen, &sizes), &sizes);
        }
        let twice = (2 * taken).min(self.limit).max(fallen);
        self.settle(&[taken, fallen, twice], &sizes).unwrap_or(Step::Done(End::Found))
    }

    /// The first of `wanted` that was not fired often enough.
    fn settle(&self, wanted: &[usize], sizes: &Sizes) -> Option<Step> {
        let unsettled = |n: &&usize| sizes.get(**n).is_none_or(|size| !size.is_settled(self.repeat));
        wanted.iter().find(unsettled).map(|n| self.fire(*n, sizes))
    }

    /// Where something is shared: larger bursts, until no more are served at a time.
    fn climb(&self, sizes: &Sizes) -> Step {
        let Some((top, largest)) = sizes.fallen().next_back() else { return Step::Done(End::Found) };
        if let Some(step) = self.settle(&[top], sizes) {
            return step;
        }
        let before = sizes.iter().filter(|(n, _)| *n < top).map(|(_, size)| size.effective());
        match largest.effective() > GROWS * before.fold(0.0, f64::max) {
            true if top < self.limit => self.fire((2 * top).min(self.limit), sizes),
            true => Step::Done(End::Limit),
            // Bursts that were all disturbed look like this.
            false if largest.count() < 2 * self.repeat => self.fire(top, sizes),
            false => between_all(sizes).map_or(Step::Done(End::Found), |n| self.fire(n, sizes)),
        }
    }

    /// Unless bursts of this size were tried in vain.
    fn fire(&self, n: usize, sizes: &Sizes) -> Step {
        match sizes.get(n) {
            Some(size) if size.doubted() >= 2 * self.repeat => Step::Done(End::Generator),
            _ => Step::Fire(n),
        }
    }

    /// About how long it takes at most, where one request takes `service`.
    pub fn about(&self, service: Duration) -> Duration {
        let doublings = self.limit.next_power_of_two().trailing_zeros();
        let repeat = u32::try_from(self.repeat).unwrap_or(u32::MAX);
        // Alone, at N, at N + 1, at 2 N, and at the first that was too large: each is repeated, and those
        // beyond N take two service times.
        service.saturating_mul(doublings.saturating_add(repeat.saturating_mul(1 + 1 + 2 + 2 + 2)))
    }
}

/// A size between the two: as many as were answered at once of those that were too many, or one more
/// where so many are taken; else the middle.
fn between(taken: usize, fallen: usize, sizes: &Sizes) -> usize {
    let guess = sizes.get(fallen).map_or(0, |size| size.at_once());
    match guess {
        guess if taken < guess && guess < fallen => guess,
        guess if guess == taken => taken + 1,
        _ => taken + (fallen - taken) / 2,
    }
}

/// A size in the widest gap, where there are fewer than the law of scalability takes.
fn between_all(sizes: &Sizes) -> Option<usize> {
    let fired: Vec<usize> = sizes.iter().map(|(n, _)| n).collect();
    if fired.len() >= super::scalability::SIZES {
        return None;
    }
    let gaps = fired.windows(2).map(|pair| (pair[0], pair[1])).filter(|(below, above)| above - below > 1);
    let widest = gaps.max_by(|a, b| (a.1 * b.0).cmp(&(b.1 * a.0)));
    widest.map(|(below, above)| (below * above).isqrt().clamp(below + 1, above - 1))
}
