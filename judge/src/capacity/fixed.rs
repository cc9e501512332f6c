//! Whether the bursts agree with a fixed limit, and the bursts that check it.

use super::bursts::Bursts;
use super::end::End;
use super::firing::{Firing, Purpose};
use super::observation::Observation;

/// So many times as many are clearly more.
const CLEARLY_MORE: f64 = 1.25;
/// A check is repeated up to this number of times if it was disturbed.
const TRIES: usize = 2;

impl<'a> Bursts<'a> {
    /// Whether the larger bursts look as if N requests were taken at once: of each, N were answered at once, or the next
    /// one came a whole service time later. If the server refuses requests, N must be exact: failures at random look as if the
    /// number varied.
    pub(super) fn agree_with_fixed_limit(&self) -> bool {
        let taken = self.sizes.taken();
        let refuses = self.refuses();
        let is_exact = |burst: &&Observation| burst.at_once == taken || burst.answered == 0;
        let never_refused = self.sizes.iter().filter(|(n, _)| *n <= taken);
        let mut never_refused = never_refused.flat_map(|(_, size)| size.trusted());
        if refuses && never_refused.any(|burst| burst.refused > 0) {
            return false;
        }
        self.sizes.too_large().all(|(_, size)| {
            let count = size.trusted().filter(is_exact).count();
            match refuses {
                true => count == size.count(),
                false => 2 * count >= size.count() && self.is_second_wave(size.trusted()),
            }
        })
    }

    /// Whether the next answers came two service times after the start, by the majority.
    fn is_second_wave(&self, bursts: impl Iterator<Item = &'a Observation>) -> bool {
        let waves: Vec<bool> = bursts
            .filter_map(|burst| {
                let waves = burst.next_ms? / burst.service_ms;
                Some((waves - 2.0).abs() <= self.tolerance(burst.service_ms))
            })
            .collect();
        2 * waves.iter().filter(|is_second| **is_second).count() >= waves.len()
    }

    /// Whether the search ended with something else than a fixed limit, so that the judge decides.
    pub(super) fn is_judged(&self, ended: End) -> bool {
        let is_fixed = || !self.sizes.is_shared() && self.agree_with_fixed_limit() && !self.pause_differs();
        self.needs_larger() || (ended == End::Found && !is_fixed())
    }

    /// Returns the next burst that checks the limit, of `n` requests; `None` if all checks were made.
    pub(super) fn unchecked(&self, n: usize) -> Option<Firing> {
        let is_missing = |purpose, is_clear: &dyn Fn(&Observation) -> bool| {
            let fired = || self.of_purpose(purpose);
            fired().count() < TRIES && !fired().any(|burst| burst.is_trusted() && is_clear(burst))
        };
        if is_missing(Purpose::Pause, &|burst| self.is_like_others(burst)) {
            return Some(Firing { pause: self.pause(), ..Firing::new(n, Purpose::Pause) });
        }
        if is_missing(Purpose::Fresh, &|_| true) {
            return Some(Firing::new(n, Purpose::Fresh));
        }
        let last = self.of_purpose(Purpose::Fresh).next_back().filter(|last| last.is_all_at_once())?;
        let larger = (2 * last.n).min(self.limit);
        (larger > last.n).then_some(Firing::new(larger, Purpose::Fresh))
    }

    /// Returns the largest number that was ever answered at once in a burst that is no check.
    pub(super) fn most_at_once(&self) -> usize {
        let trusted = self.observed.iter().filter(|burst| burst.is_trusted());
        let ordinary = trusted.filter(|burst| matches!(burst.purpose, Purpose::Search | Purpose::Judge));
        ordinary.map(|burst| burst.at_once).max().unwrap_or(0)
    }

    /// Returns the burst after a pause of which clearly more requests were answered at once than ever without one.
    pub(super) fn pause_took_more(&self) -> Option<&'a Observation> {
        let most = CLEARLY_MORE * self.most_at_once() as f64;
        self.of_purpose(Purpose::Pause).find(|burst| burst.is_trusted() && burst.at_once as f64 > most)
    }

    /// Whether requests after a pause were answered as those without one.
    fn is_like_others(&self, burst: &'a Observation) -> bool {
        burst.at_once == self.sizes.taken() && self.is_second_wave([burst].into_iter())
    }

    /// Whether a pause changes how requests are answered: more at once, or the next ones at another time.
    pub(super) fn pause_differs(&self) -> bool {
        let trusted = || self.of_purpose(Purpose::Pause).filter(|burst| burst.is_trusted());
        let is_like_others = |burst: &Observation| {
            burst.at_once < self.sizes.taken() || self.is_second_wave([burst].into_iter())
        };
        self.pause_took_more().is_some()
            || (trusted().count() >= TRIES && !self.refuses() && !trusted().any(is_like_others))
    }

    /// Returns the burst after a pause of which clearly fewer requests were answered at once.
    pub(super) fn pause_took_fewer(&self) -> Option<&'a Observation> {
        let taken = self.sizes.taken();
        let mut trusted = self.of_purpose(Purpose::Pause).filter(|burst| burst.is_trusted());
        trusted.find(|burst| burst.at_once < taken)
    }

    /// Returns the burst over fresh connections of which most requests were answered at once, if they are more than ever over
    /// connections that were opened before.
    pub(super) fn fresh_took_more(&self) -> Option<&'a Observation> {
        let most = self.most_at_once();
        let trusted = self.of_purpose(Purpose::Fresh).filter(|burst| burst.is_trusted());
        trusted.max_by_key(|burst| burst.at_once).filter(|burst| burst.at_once > most)
    }
}
