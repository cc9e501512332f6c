//! How probable each mechanism is after what was seen.

use super::fit::{Fitted, fit};
use super::history::History;
use super::hypothesis::Hypothesis;
use crate::mechanism::Name;

/// A mechanism is ruled out if its probability is below this share of the most probable one's.
pub(super) const RULED_OUT: f64 = 0.05;
/// The largest mean square of the deviations of a mechanism that describes what was seen.
const MOST_SQUARE: f64 = 1.35;

/// The mechanisms with their probabilities.
pub(super) struct Posterior {
    /// The hypotheses, the best first.
    pub(super) fitted: Vec<Fitted>,
    /// Those that were given up.
    given_up: Vec<Fitted>,
    /// Each mechanism with its probability, and its best hypothesis's place, the most probable first.
    pub(super) names: Vec<(Name, f64, usize)>,
}

impl Posterior {
    pub(super) fn of(history: &History) -> Self {
        let (fitted, given_up) = fit(history);
        let names = names(&fitted, |one| one.log());
        Self { fitted, given_up, names }
    }

    /// Returns the best hypothesis of the most probable mechanism.
    pub(super) fn best(&self) -> &Fitted {
        &self.fitted[self.names[0].2]
    }

    /// Returns the best hypothesis of each mechanism that may be the right one beside the best, the most probable first.
    pub(super) fn rivals(&self, least: f64) -> impl Iterator<Item = (&Fitted, f64)> {
        let best = self.names[0].1;
        let rivals =
            self.names.iter().skip(1).filter(move |(_, probability, _)| *probability >= least * best);
        rivals.map(|(_, probability, at)| (&self.fitted[*at], *probability))
    }

    /// Returns the probability that a property holds, among the hypotheses that `counts` accepts; `None` if there are none.
    pub(super) fn share(
        &self,
        counts: impl Fn(&Hypothesis) -> bool,
        holds: impl Fn(&Hypothesis) -> bool,
    ) -> Option<f64> {
        let counted: Vec<&Fitted> = self.fitted.iter().filter(|one| counts(&one.hypothesis)).collect();
        let most = counted.iter().map(|one| one.log()).reduce(f64::max)?;
        let (mut with, mut all) = (0.0, 0.0);
        for one in counted {
            let weight = (one.log() - most).exp();
            all += weight;
            with += if holds(&one.hypothesis) { weight } else { 0.0 };
        }
        Some(with / all)
    }

    /// Whether the best hypothesis describes what was seen.
    pub(super) fn describes(&self) -> bool {
        self.best().score.square <= MOST_SQUARE
    }

    /// Returns the mechanisms that each experiment ruled out: after it, and after all later ones, they were improbable.
    pub(super) fn ruled_out(&self, experiments: usize) -> Vec<Vec<Name>> {
        let all: Vec<Fitted> = self.fitted.iter().chain(&self.given_up).cloned().collect();
        let improbable = |count: usize| -> Vec<Name> {
            let names = names(&all, |one| one.score.logs.iter().take(1 + count).sum::<f64>() + one.prior);
            let best = names.first().map_or(0.0, |first| first.1);
            names.iter().filter(|one| one.1 < RULED_OUT * best).map(|one| one.0).collect()
        };
        let mut later: Option<Vec<Name>> = None;
        let mut ruled: Vec<Vec<Name>> = Vec::new();
        for i in (0..=experiments).rev() {
            // Those that are improbable from here to the end.
            // Before the first experiment nothing is ruled out: the parameters follow from all of them.
            let mut now = if i == 0 { Vec::new() } else { improbable(i) };
            if let Some(later) = &later {
                now.retain(|name| later.contains(name));
                ruled.push(later.iter().copied().filter(|name| !now.contains(name)).collect());
            }
            later = Some(now);
        }
        ruled.reverse();
        ruled
    }
}

fn names(fitted: &[Fitted], log: impl Fn(&Fitted) -> f64) -> Vec<(Name, f64, usize)> {
    let most = fitted.iter().map(&log).fold(f64::NEG_INFINITY, f64::max);
    let mut names: Vec<(Name, f64, usize)> = Vec::new();
    let mut sum = 0.0;
    for (at, one) in fitted.iter().enumerate() {
        let weight = (log(one) - most).exp();
        sum += weight;
        match names.iter_mut().find(|(name, ..)| *name == one.hypothesis.name()) {
            Some(known) => known.1 += weight,
            None => names.push((one.hypothesis.name(), weight, at)),
        }
    }
    names.iter_mut().for_each(|one| one.1 /= sum);
    names.sort_by(|a, b| b.1.total_cmp(&a.1));
    names
}
