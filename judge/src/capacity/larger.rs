//! Larger bursts, by which the judge tells kinds of servers apart.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bursts::Bursts;
use super::consensus::Consensus;
use super::end::End;
use super::firing::{Firing, Purpose};
use super::observation::Observation;
use super::step::Step;

/// The judge tells kinds of servers apart from this number of requests on.
const LEAST: usize = 8;
/// If the judge is not sure, larger bursts follow up to this number of requests: fifty tell a pool from a rate even if service
/// times vary by half.
const MOST_IF_OPEN: usize = 64;
/// Nor are they larger if one took this number of service times.
const LONGEST_IF_OPEN: f64 = 40.0;
/// The bursts of one size, if the judge doesn't say the same of two sizes.
const REPEAT: usize = 2;

/// The larger bursts by size.
pub(super) struct Larger<'a> {
    bursts: &'a Bursts<'a>,
    by_size: BTreeMap<usize, Vec<&'a Observation>>,
}

impl<'a> Larger<'a> {
    pub(super) fn of(bursts: &'a Bursts<'a>) -> Self {
        let least = LEAST.min(bursts.limit);
        // Refusals depend on what was sent just before. Only bursts with and without a pause show that.
        let refuses = bursts.refuses();
        let is_one = |burst: &&Observation| {
            let counts = burst.purpose == Purpose::Judge || (burst.purpose == Purpose::Search && !refuses);
            counts && burst.n >= least && burst.n > 1 && burst.is_trusted()
        };
        let mut by_size = BTreeMap::<usize, Vec<&Observation>>::new();
        for burst in bursts.observed.iter().filter(is_one) {
            by_size.entry(burst.n).or_default().push(burst);
        }
        Self { bursts, by_size }
    }

    /// Returns the two largest sizes, the largest first.
    fn largest(&self) -> impl Iterator<Item = (usize, &Vec<&'a Observation>)> {
        self.by_size.iter().rev().map(|(n, bursts)| (*n, bursts))
    }

    /// Returns the next step.
    pub(super) fn next(&self) -> Step {
        let limit = self.bursts.limit;
        let Some((n, bursts)) = self.largest().next() else {
            return self.fire(self.first());
        };
        match Consensus::of_most(bursts) {
            // It is no queue, whatever larger bursts look like.
            _ if self.bursts.slower_than_a_queue().is_some() => Step::Done(End::Found),
            _ if self.is_sure() => self.check(n),
            Consensus::Near | Consensus::Parallel if n < limit => self.fire((2 * n).min(limit)),
            Consensus::Parallel if bursts.len() < self.bursts.repeat => self.fire(n),
            Consensus::Parallel => Step::Done(End::Limit),
            _ if bursts.len() < REPEAT => self.fire(n),
            // Another size shows whether it is a rate or a number at a time.
            consensus if consensus != Consensus::Open && n < limit && self.by_size.len() < 2 => {
                self.fire((n + n / 2).min(limit))
            }
            _ if n < limit && self.may_be_larger(n, bursts) => self.fire((2 * n).min(limit)),
            _ if bursts.len() < self.bursts.repeat => self.fire(n),
            _ => self.check(n),
        }
    }

    /// Whether a larger burst than these of size `n` may make the judge sure: they are small, or may hardly exceed a limit because
    /// the next smaller ones don't exceed it.
    fn may_be_larger(&self, n: usize, bursts: &[&Observation]) -> bool {
        let smaller = self.largest().nth(1).map(|(_, bursts)| Consensus::of_most(bursts));
        (n < MOST_IF_OPEN || smaller == Some(Consensus::Parallel)) && !is_long(bursts)
    }

    /// Returns the last step: a burst after a pause shows whether it says the same then, and how many
    /// requests a rate lets through at once. If requests are refused, there were such bursts.
    fn check(&self, n: usize) -> Step {
        let tries = self.bursts.of_purpose(Purpose::Pause).filter(|burst| burst.n == n).count();
        if self.bursts.refuses() || self.paused().is_some() || tries >= REPEAT {
            return Step::Done(End::Found);
        }
        Step::Fire(Firing { pause: self.bursts.pause(), ..Firing::new(n, Purpose::Pause) })
    }

    /// Returns the burst of the largest size after a pause.
    pub(super) fn paused(&self) -> Option<&'a Observation> {
        let (n, _) = self.largest().next()?;
        self.bursts.of_purpose(Purpose::Pause).find(|burst| burst.n == n && burst.is_trusted())
    }

    /// Returns the first size: larger than all of the search, if those were taken at once.
    fn first(&self) -> usize {
        let largest = self.bursts.sizes.iter().map(|(n, _)| n).max().unwrap_or(1);
        (2 * largest).max(LEAST).min(self.bursts.limit)
    }

    /// Whether the judge says the same of the two largest sizes, and that a larger burst would not change it.
    pub(super) fn is_sure(&self) -> bool {
        let mut by_size = self.largest().map(|(_, bursts)| Consensus::of_most(bursts));
        let (first, second) = (by_size.next(), by_size.next());
        let is_final = |consensus: &Consensus| !matches!(consensus, Consensus::Parallel | Consensus::Near);
        first.zip(second).is_some_and(|(one, other)| is_final(&one) && one.agrees(&other))
    }

    /// Fires a burst, unless too many bursts of this size were disturbed. If the server refuses requests, every other burst
    /// follows a pause: a limit on the rate refuses fewer then.
    fn fire(&self, n: usize) -> Step {
        let fired: Vec<_> = self.bursts.of_purpose(Purpose::Judge).collect();
        let disturbed = fired.iter().filter(|burst| burst.n == n && !burst.is_trusted()).count();
        if disturbed >= 2 * self.bursts.repeat {
            return Step::Done(End::Generator);
        }
        let pause = if self.bursts.refuses() && fired.len().is_multiple_of(2) {
            self.bursts.pause()
        } else {
            Duration::ZERO
        };
        Step::Fire(Firing { pause, ..Firing::new(n, Purpose::Judge) })
    }

    /// Returns what the judge says of the largest bursts; [`Consensus::Open`] if it says something else of smaller ones, or after a
    /// pause.
    pub(super) fn consensus(&self) -> Consensus {
        let mut by_size = self.largest().map(|(_, bursts)| Consensus::of_most(bursts));
        let consensus = match (by_size.next(), by_size.next()) {
            (Some(Consensus::Parallel), _) => return Consensus::Parallel,
            (None | Some(Consensus::Near), _) => return Consensus::Open,
            (Some(one), None | Some(Consensus::Parallel | Consensus::Near | Consensus::Open)) => one,
            (Some(one), Some(other)) => {
                if one.agrees(&other) {
                    one
                } else {
                    Consensus::Open
                }
            }
        };
        match (consensus, self.paused().map(Consensus::of)) {
            // The bucket of a rate is full after a pause. If it never is, the burst looks like a pool.
            (
                Consensus::Rate { .. } | Consensus::AtATime { .. },
                Some(Consensus::Rate { per_second, burst }),
            ) => Consensus::Rate { per_second, burst },
            (Consensus::AtATime { .. }, Some(_)) if self.bursts.pause_took_more().is_some() => {
                Consensus::Open
            }
            (consensus, _) => consensus,
        }
    }

    /// Returns the size of the largest burst that was served at once, by the judge.
    pub(super) fn taken(&self) -> Option<usize> {
        self.largest().find(|(_, bursts)| Consensus::of_most(bursts) == Consensus::Parallel).map(|(n, _)| n)
    }

    /// Returns the bursts of the two largest sizes.
    pub(super) fn last(&self) -> impl Iterator<Item = &'a Observation> {
        self.by_size.values().rev().take(2).flatten().copied()
    }
}

fn is_long(bursts: &[&Observation]) -> bool {
    bursts.iter().any(|burst| burst.makespan_ms > LONGEST_IF_OPEN * burst.service_ms)
}
