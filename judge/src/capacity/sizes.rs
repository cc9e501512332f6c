//! What the bursts of each size show together.

use std::collections::BTreeMap;

use super::firing::Purpose;
use super::observation::Observation;
use crate::stats;

/// The bursts of one size. Medians are of the bursts that count.
pub struct Size<'a> {
    all: Vec<&'a Observation>,
}

impl<'a> Size<'a> {
    /// Iterates over the bursts that count.
    pub(super) fn trusted(&self) -> impl Iterator<Item = &'a Observation> {
        self.all.iter().copied().filter(|observed| observed.is_trusted())
    }

    /// Returns the number of bursts that count.
    pub fn count(&self) -> usize {
        self.trusted().count()
    }

    /// Returns the number of bursts that don't count.
    pub fn disturbed(&self) -> usize {
        self.all.len() - self.count()
    }

    /// Returns the number of bursts in which all requests were answered at once.
    pub fn all_at_once(&self) -> usize {
        self.all.iter().filter(|observed| observed.is_all_at_once()).count()
    }

    /// Returns the number of bursts that count and in which some requests were not answered at once.
    pub fn exceeded(&self) -> usize {
        self.count() - self.all_at_once()
    }

    /// Returns whether the server takes this size at once, by the majority of up to `repeat` bursts; `None` if more bursts
    /// are needed. A tie means yes: noise makes answers late, and never early.
    pub fn is_taken(&self, repeat: usize) -> Option<bool> {
        if self.all_at_once() > 0 && self.all_at_once() >= self.exceeded() {
            return Some(true);
        }
        (self.exceeded() > repeat / 2).then_some(false)
    }

    /// Whether enough bursts were fired: `repeat`, or twice as many if they disagree.
    pub fn is_settled(&self, repeat: usize) -> bool {
        let is_unanimous = self.all_at_once() == 0 || self.exceeded() == 0;
        self.count() >= if is_unanimous { repeat } else { 2 * repeat }
    }

    /// Returns the median of a figure of the bursts; 0 if none counts.
    pub fn median(&self, figure: impl Fn(&Observation) -> f64) -> f64 {
        stats::median(self.trusted().map(figure).collect()).unwrap_or(0.0)
    }

    /// Returns the number of requests that were answered at once: the largest of all bursts, because noise never makes
    /// answers early.
    pub fn at_once(&self) -> usize {
        self.trusted().map(|observed| observed.at_once).max().unwrap_or(0)
    }

    /// Returns the median of the effective concurrency E.
    pub fn effective(&self) -> f64 {
        self.median(|observed| observed.effective)
    }
}

/// The sizes of bursts that were fired.
pub struct Sizes<'a> {
    repeat: usize,
    sizes: BTreeMap<usize, Size<'a>>,
}

impl<'a> Sizes<'a> {
    /// Groups the bursts of the search by size. For `repeat` see [`Search`](super::Search).
    pub fn of(observations: &'a [Observation], repeat: usize) -> Self {
        Self::group(observations, repeat, &[Purpose::Search])
    }

    /// As [`of`](Self::of), with the larger bursts for the judge. Bursts that check the result never count: they are sent in
    /// another way.
    pub fn with_larger(observations: &'a [Observation], repeat: usize) -> Self {
        Self::group(observations, repeat, &[Purpose::Search, Purpose::Judge])
    }

    fn group(observations: &'a [Observation], repeat: usize, purposes: &[Purpose]) -> Self {
        let mut sizes = BTreeMap::<usize, Size>::new();
        for observed in observations.iter().filter(|observed| purposes.contains(&observed.purpose)) {
            sizes.entry(observed.n).or_insert_with(|| Size { all: Vec::new() }).all.push(observed);
        }
        Self { repeat, sizes }
    }

    /// Returns the bursts of size `n`; `None` if none was fired.
    pub fn get(&self, n: usize) -> Option<&Size<'a>> {
        self.sizes.get(&n)
    }

    /// Iterates over the sizes, the smallest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &Size<'a>)> {
        self.sizes.iter().map(|(n, size)| (*n, size))
    }

    fn is_taken(&self, n: usize) -> Option<bool> {
        self.get(n)?.is_taken(self.repeat)
    }

    /// Returns the largest size that the server took at once; at least 1.
    pub fn taken(&self) -> usize {
        self.sizes.keys().copied().filter(|n| self.is_taken(*n) == Some(true)).max().unwrap_or(1).max(1)
    }

    /// Returns the larger sizes, which the server didn't take at once.
    pub fn too_large(&self) -> impl DoubleEndedIterator<Item = (usize, &Size<'a>)> {
        let taken = self.taken();
        self.iter().filter(move |(n, _)| *n > taken && self.is_taken(*n) == Some(false))
    }

    /// Whether a shared resource slows all requests, instead of a fixed limit: the largest burst had fewer first answers
    /// than a smaller burst, or the smallest burst that was too large took less than two service times.
    pub fn is_shared(&self) -> bool {
        const AS_MANY: f64 = 0.75;
        /// With service times that vary by a tenth, two waves take at least 1.8 of a service time that was measured up to
        /// 1.1 too long.
        const TWO_WAVES: f64 = 1.6;
        let answered = |size: &Size| size.median(|burst| burst.answered as f64);
        let slows = |size: &Size| (size.at_once() as f64) < AS_MANY * answered(size).min(self.taken() as f64);
        let waves = |size: &Size| size.median(|burst| burst.makespan_ms / burst.service_ms);
        self.too_large().next_back().is_some_and(|(_, size)| slows(size))
            || self
                .too_large()
                .next()
                .is_some_and(|(n, size)| answered(size) >= n as f64 && waves(size) < TWO_WAVES)
    }
}
