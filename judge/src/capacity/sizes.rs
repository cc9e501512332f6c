//! What the bursts of each size say together.

use std::collections::BTreeMap;

use super::observation::Observation;
use crate::stats;

/// The bursts of one size. The medians are of those that can be trusted.
pub struct Size<'a> {
    all: Vec<&'a Observation>,
}

impl<'a> Size<'a> {
    fn trusted(&self) -> impl Iterator<Item = &'a Observation> {
        self.all.iter().copied().filter(|observed| observed.is_trusted())
    }

    /// How many can be trusted.
    pub fn count(&self) -> usize {
        self.trusted().count()
    }

    /// How many can't.
    pub fn doubted(&self) -> usize {
        self.all.len() - self.count()
    }

    /// In how many all were answered at once.
    pub fn follows(&self) -> usize {
        self.all.iter().filter(|observed| observed.follows()).count()
    }

    /// In how many they weren't, for sure.
    pub fn falls(&self) -> usize {
        self.count() - self.follows()
    }

    /// Whether the server takes so many, by most of up to `repeat` bursts; `None` where more are needed.
    /// One that follows is enough while no more fall behind: noise makes answers late, never early.
    pub fn decided(&self, repeat: usize) -> Option<bool> {
        if self.follows() > 0 && self.follows() >= self.falls() {
            return Some(true);
        }
        (self.falls() > repeat / 2).then_some(false)
    }

    /// Whether enough were fired: `repeat`, or twice as many where they disagree.
    pub fn is_settled(&self, repeat: usize) -> bool {
        let is_unanimous = self.follows() == 0 || self.falls() == 0;
        self.count() >= if is_unanimous { repeat } else { 2 * repeat }
    }

    /// The median of some figure of them; 0 where none can be trusted.
    pub fn median(&self, figure: impl Fn(&Observation) -> f64) -> f64 {
        stats::median(self.trusted().map(figure).collect()).unwrap_or(0.0)
    }

    /// How many were answered at once: the most of any, because nothing makes answers come early.
    pub fn at_once(&self) -> usize {
        self.trusted().map(|observed| observed.at_once).max().unwrap_or(0)
    }

    /// E: the median.
    pub fn effective(&self) -> f64 {
        self.median(|observed| observed.effective)
    }
}

/// All sizes that were fired.
pub struct Sizes<'a> {
    repeat: usize,
    sizes: BTreeMap<usize, Size<'a>>,
}

impl<'a> Sizes<'a> {
    pub fn of(observations: &'a [Observation], repeat: usize) -> Self {
        let mut sizes = BTreeMap::<usize, Size>::new();
        for observed in observations {
            sizes.entry(observed.n).or_insert_with(|| Size { all: Vec::new() }).all.push(observed);
        }
        Self { repeat, sizes }
    }

    pub fn get(&self, n: usize) -> Option<&Size<'a>> {
        self.sizes.get(&n)
    }

    /// By size.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &Size<'a>)> {
        self.sizes.iter().map(|(n, size)| (*n, size))
    }

    fn decided(&self, n: usize) -> Option<bool> {
        self.get(n)?.decided(self.repeat)
    }

    /// The most that the server was seen to take; one always.
    pub fn taken(&self) -> usize {
        self.sizes.keys().copied().filter(|n| self.decided(*n) == Some(true)).max().unwrap_or(1).max(1)
    }

    /// The sizes beyond that: those that it did not take.
    pub fn fallen(&self) -> impl DoubleEndedIterator<Item = (usize, &Size<'a>)> {
        let taken = self.taken();
        self.iter().filter(move |(n, _)| *n > taken && self.decided(*n) == Some(false))
    }

    /// Whether something is shared instead of places being taken up: not as many answers of the largest
    /// burst came at once as of a smaller burst, or the smallest burst that was too large took less than a
    /// second turn.
    pub fn is_shared(&self) -> bool {
        const AS_MANY: f64 = 0.75;
        /// Where service times vary by a tenth, two turns take 1.8 of them and more, by a measured one of up to 1.1.
        const TWO_TURNS: f64 = 1.6;
        let answered = |size: &Size| size.median(|burst| burst.answered as f64);
        let slows = |size: &Size| (size.at_once() as f64) < AS_MANY * answered(size).min(self.taken() as f64);
        let turns = |size: &Size| size.median(|burst| burst.makespan_ms / burst.service_ms);
        self.fallen().next_back().is_some_and(|(_, size)| slows(size))
            || self
                .fallen()
                .next()
                .is_some_and(|(n, size)| answered(size) >= n as f64 && turns(size) < TWO_TURNS)
    }
}
