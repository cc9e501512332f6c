//! How often the judge is right.

use std::collections::BTreeMap;

use judge::verdict::{Confidence, Kind, Verdict};

use crate::{Case, Family};

/// Counts over many cases.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
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
    pub families: BTreeMap<Family, Counts>,
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
        let counts = self.families.entry(case.family).or_default();
        counts.cases += 1;
        counts.right += usize::from(right);
        counts.high += usize::from(high);
        counts.high_right += usize::from(high && right);
        counts.plain += usize::from(case.plain);
        counts.plain_inconclusive += usize::from(case.plain && verdict.kind == Kind::Inconclusive);
        *self.matrix.entry((place(case.truth), place(verdict.kind), verdict.confidence)).or_default() += 1;
    }

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

    /// How many verdicts of that confidence said `said` where `truth` was so.
    pub fn said(&self, truth: Kind, said: Kind, confidence: Confidence) -> usize {
        self.matrix.get(&(place(truth), place(said), confidence)).copied().unwrap_or(0)
    }
}
