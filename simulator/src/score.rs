//! How often verdicts are right.

use std::collections::BTreeMap;

use judge::verdict::{Confidence, Kind, Verdict};

use crate::{Case, Family};

/// Counts of cases and their verdicts.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// The number of cases.
    pub cases: usize,
    /// The number of right verdicts.
    pub right: usize,
    /// The number of verdicts with high confidence.
    pub high: usize,
    /// The number of right verdicts with high confidence.
    pub high_right: usize,
    /// The number of plain cases; see [`Case::plain`].
    pub plain: usize,
    /// The number of inconclusive verdicts on plain cases.
    pub plain_inconclusive: usize,
}

/// The verdicts on many cases.
#[derive(Debug, Default)]
pub struct Score {
    /// The counts of each family.
    pub families: BTreeMap<Family, Counts>,
    /// The number of verdicts by true kind, said kind (as indices in [`KINDS`]) and confidence.
    pub matrix: BTreeMap<(usize, usize, Confidence), usize>,
}

/// All kinds, in the order of the matrix.
pub const KINDS: [Kind; 5] =
    [Kind::Parallel, Kind::Sequential, Kind::Limited, Kind::Refused, Kind::Inconclusive];

fn index(kind: Kind) -> usize {
    KINDS.iter().position(|one| *one == kind).unwrap_or(KINDS.len())
}

impl Score {
    /// Adds a case and its verdict.
    pub fn add(&mut self, case: &Case, verdict: &Verdict) {
        let right = case.is_right(verdict);
        let high = verdict.confidence == Confidence::High;
        let counts = self.families.entry(case.family).or_default();
        counts.cases += 1;
        counts.right += usize::from(right);
        counts.high += usize::from(high);
        counts.high_right += usize::from(high && right);
        counts.plain += usize::from(case.plain);
        counts.plain_inconclusive += usize::from(case.plain && verdict.kind == Kind::Inconclusive);
        *self.matrix.entry((index(case.truth), index(verdict.kind), verdict.confidence)).or_default() += 1;
    }

    /// Returns the counts over all families.
    pub fn all(&self) -> Counts {
        self.families.values().fold(Counts::default(), |sum, one| Counts {
            cases: sum.cases + one.cases,
            right: sum.right + one.right,
            high: sum.high + one.high,
            high_right: sum.high_right + one.high_right,
            plain: sum.plain + one.plain,
            plain_inconclusive: sum.plain_inconclusive + one.plain_inconclusive,
        })
    }

    /// Returns the number of verdicts `said` of this confidence on cases of kind `truth`.
    pub fn count(&self, truth: Kind, said: Kind, confidence: Confidence) -> usize {
        self.matrix.get(&(index(truth), index(said), confidence)).copied().unwrap_or(0)
    }
}
