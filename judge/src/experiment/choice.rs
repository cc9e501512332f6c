//! Which experiment splits best what is left.

use super::budget::{Abilities, Left};
use super::candidates::{Candidate, candidates};
use super::fit::Fitted;
use super::history::{History, difference};
use super::plan::Experiment;
use super::posterior::Posterior;
use crate::mechanism::Name;

/// How often an experiment is simulated to see what it would show.
const REPLICATES: usize = 16;
/// The most rivals that are looked at.
const RIVALS: usize = 4;
/// An experiment shows nothing if the logarithm of the likelihood ratio that is expected is below this.
const LEAST: f64 = 0.6;
/// More than this is as good as this.
const ENOUGH: f64 = 4.0;
/// The budget that a cost is compared with.
const REQUESTS: f64 = 500.0;
const SECONDS: f64 = 60.0;
/// The cost of any experiment, as a share of the budget.
const FIXED: f64 = 0.03;

/// What to do next.
pub(super) enum Choice {
    Fire(Experiment),
    /// Nothing else is possible.
    Known,
    /// Nothing that may be sent splits what is left.
    Same,
    RequestsSpent,
    TimeSpent,
}

/// Chooses an experiment. Mechanisms that are less probable than the share `known` of the best are ruled out.
pub(super) fn choose(
    history: &History,
    posterior: &Posterior,
    abilities: &Abilities,
    left: Left,
    known: f64,
) -> Choice {
    let rivals: Vec<(&Fitted, f64)> = posterior.rivals(known).take(RIVALS).collect();
    if rivals.is_empty() {
        return Choice::Known;
    }
    let items = candidates(history, posterior, abilities);
    let gains = gains(history, posterior, &rivals, &items);
    let mut splits: Vec<(f64, usize, usize)> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let gain = |rival: usize| gains[rival][i];
        let total: f64 = (0..rivals.len()).map(|at| gain(at).min(ENOUGH) * rivals[at].1.max(0.03)).sum();
        let most = (0..rivals.len()).max_by(|a, b| gain(*a).total_cmp(&gain(*b)));
        if let Some(against) = most.filter(|at| gain(*at) >= LEAST) {
            splits.push((total / item.cost(), i, against));
        }
    }
    splits.sort_by(|a, b| b.0.total_cmp(&a.0));
    let Some(first) = splits.first() else { return Choice::Same };
    let fits = |i: usize| items[i].experiment.requests() <= left.requests && items[i].seconds <= left.seconds;
    match splits.iter().find(|(_, i, _)| fits(*i)) {
        Some((_, i, against)) => Choice::Fire(explained(&items[*i], posterior.best(), rivals[*against].0)),
        None if items[first.1].experiment.requests() > left.requests => Choice::RequestsSpent,
        None => Choice::TimeSpent,
    }
}

/// Returns by how much each experiment is expected to tell each rival from the best.
fn gains(
    history: &History,
    posterior: &Posterior,
    rivals: &[(&Fitted, f64)],
    items: &[Candidate],
) -> Vec<Vec<f64>> {
    let experiments: Vec<Experiment> = items.iter().map(|item| item.experiment.clone()).collect();
    let simulate = |one: &Fitted| history.simulate(&one.hypothesis, REPLICATES, &experiments).1;
    let best = simulate(posterior.best());
    let blanks: Vec<_> = experiments.iter().map(|experiment| history.blank(experiment)).collect();
    let gains = |(rival, _): &(&Fitted, f64)| {
        let simulated = simulate(rival);
        let gain = |i: usize| difference(&best[i], &simulated[i], &blanks[i], REPLICATES);
        (0..items.len()).map(gain).map(|gain| if gain.is_finite() { gain } else { 0.0 }).collect()
    };
    rivals.iter().map(gains).collect()
}

/// Returns the mechanisms that no experiment tells from the most probable one, if they are at least the share `least` as
/// probable.
pub(super) fn inseparable(
    history: &History,
    posterior: &Posterior,
    abilities: &Abilities,
    least: f64,
) -> Vec<Name> {
    let rivals: Vec<(&Fitted, f64)> = posterior.rivals(least).collect();
    let items = candidates(history, posterior, abilities);
    let gains = gains(history, posterior, &rivals, &items);
    let is_same = |gains: &Vec<f64>| gains.iter().all(|gain| *gain < LEAST);
    let all = rivals.iter().zip(&gains).filter(|(_, gains)| is_same(gains));
    all.map(|((rival, _), _)| rival.hypothesis.name()).collect()
}

/// Returns the experiment with the reason why it was chosen.
fn explained(item: &Candidate, best: &Fitted, rival: &Fitted) -> Experiment {
    let (one, other) = (best.hypothesis.name().words(), rival.hypothesis.name().words());
    let reason = format!("to tell {one} from {other}: {}", item.experiment.reason);
    Experiment { reason, ..item.experiment.clone() }
}

impl Candidate {
    fn cost(&self) -> f64 {
        FIXED + self.experiment.requests() as f64 / REQUESTS + self.seconds / SECONDS
    }
}
