//! How often the judge is right.

use std::collections::BTreeMap;

use loadtest::verdict::{Confidence, Kind, Verdict};

use super::{Case, Family};

/// Counts over many cases.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub cases: usize,
    pub right: usize,
    pub high: usize,
    pub high_right: usize,
    pub plain: usize,
    pub plain_inconclusive: usize,
}

/// How the judge did.
#[derive(Debug, Default)]
pub struct Score {
    pub families: BTreeMap<Family, Tally>,
    /// Verdicts, by the truth and what was said, with what confidence.
    pub matrix: BTreeMap<(usize, usize, Confidence), usize>,
}

/// In the order of the document.
pub const KINDS: [Kind; 5] =
    [Kind::Parallel, Kind::Sequential, Kind::Limited, Kind::Refused, Kind::Inconclusive];

fn place(kind: Kind) -> usize {
    KINDS.iter().position(|one| *one == kind).unwrap_or(KINDS.len())
}

impl Score {
    pub fn count(&mut self, case: &Case, verdict: &Verdict) {
        let right = case.is_right(verdict);
        let high = verdict.confidence == Confidence::High;
        let tally = self.families.entry(case.family).or_default();
        tally.cases += 1;
        tally.right += usize::from(right);
        tally.high += usize::from(high);
        tally.high_right += usize::from(high && right);
        tally.plain += usize::from(case.plain);
        tally.plain_inconclusive += usize::from(case.plain && verdict.kind == Kind::Inconclusive);
        *self.matrix.entry((place(case.truth), place(verdict.kind), verdict.confidence)).or_default() += 1;
    }

    pub fn all(&self) -> Tally {
        self.families.values().fold(Tally::default(), |sum, one| Tally {
            cases: sum.cases + one.cases,
            right: sum.right + one.right,
            high: sum.high + one.high,
            high_right: sum.high_right + one.high_right,
            plain: sum.plain + one.plain,
            plain_inconclusive: sum.plain_inconclusive + one.plain_inconclusive,
        })
    }

    /// How many verdicts of that confidence said `said` where `truth` was so.
    pub fn said(&self, truth: Kind, said: Kind, confidence: Confidence) -> usize {
        self.matrix.get(&(place(truth), place(said), confidence)).copied().unwrap_or(0)
    }
}
