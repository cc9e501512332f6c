//! Fits the parameters of hypotheses to what was seen.

use super::history::{History, Score};
use super::hypothesis::{Hypothesis, WINDOWS};
use super::initial_estimates::InitialEstimates;
use super::plan::Target;
use super::prior::{REFUSING, SERVING};
use super::server_model::ServerModel;

/// How often experiments are simulated for a first look, for some improvement, and for a fit.
const LOOK: usize = 8;
const MORE: usize = 10;
pub(super) const REPLICATES: usize = 20;
/// Suspects that are so much worse than the best one are given up: after a first look, and after some improvement.
const UNLIKELY: f64 = 90.0;
const HOPELESS: f64 = 35.0;
/// The number of guesses of each model that are improved, and of connections that stick: few processes are found by chance.
const GUESSES: usize = 2;
const STICKY_GUESSES: usize = 5;
/// The first steps of an improvement, as logarithms: of the service time, and of other parameters. Then those of a fit.
const ROUGH: (f64, f64) = (0.06, 0.3);
const FINE: (f64, f64) = (0.03, 0.1);
/// The prior range of a parameter's logarithm: of the service time, of its spread, and of any other.
const RANGES: [f64; 3] = [0.6, 2.0, 3.0];
/// The step at which it is measured how well a parameter is known.
const PROBE: f64 = 0.04;
/// The probability that each session has a limit of its own, where there is a limit of one.
const BY_SESSION: f64 = 0.08;

/// A hypothesis with its best parameters.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    pub(super) hypothesis: Hypothesis,
    pub(super) score: Score,
    /// The logarithm of the prior probability, with the penalty of the parameters.
    pub(super) prior: f64,
}

impl Fitted {
    pub(super) fn log(&self) -> f64 {
        self.score.log() + self.prior
    }
}

/// Returns the hypotheses with their best parameters, the best first, and those that were given up.
///
/// All first guesses get a look. The best of each model are improved a little, and the models that are possible then a lot.
pub(super) fn fit(history: &History) -> (Vec<Fitted>, Vec<Fitted>) {
    let refuses = history.has_refusals();
    let models = if refuses { &REFUSING[..] } else { &SERVING[..] };
    let estimates = InitialEstimates::of(history);
    let mut guesses: Vec<Vec<Fitted>> =
        models.iter().map(|one| look(history, &estimates, one.model)).collect();
    let best = guesses.iter().flatten().map(Fitted::log).fold(f64::NEG_INFINITY, f64::max);
    let mut given_up: Vec<Fitted> = Vec::new();
    guesses.retain(|all| {
        let is_possible = all.first().is_some_and(|first| first.log() > best - UNLIKELY);
        given_up.extend(all.first().filter(|_| !is_possible).cloned());
        is_possible
    });
    let improved = guesses.into_iter().filter_map(|all| {
        let all = all.into_iter().map(|one| refine(history, one, MORE, 2, ROUGH));
        all.max_by(|a, b| a.log().total_cmp(&b.log()))
    });
    let mut fitted: Vec<Fitted> = improved.collect();
    let best = fitted.iter().map(Fitted::log).fold(f64::NEG_INFINITY, f64::max);
    fitted.retain(|one| {
        let is_possible = one.log() > best - HOPELESS;
        given_up.extend((!is_possible).then(|| one.clone()));
        is_possible
    });
    let refined = fitted.into_iter().map(|one| {
        let mut one = refine(history, one, REPLICATES, 4, FINE);
        one.prior += occam(history, &one);
        if one.hypothesis.model == ServerModel::Pause {
            // It may have come in any experiment.
            one.prior -= (history.seen.len().max(1) as f64).ln();
        }
        one
    });
    let fitted: Vec<Fitted> = refined.collect();
    let mut all: Vec<Fitted> = fitted.iter().flat_map(|one| variants(history, one)).collect();
    all.sort_by(|a, b| b.log().total_cmp(&a.log()));
    (all, given_up)
}

/// Returns the best of the first guesses, the best first.
fn look(history: &History, estimates: &InitialEstimates, model: ServerModel) -> Vec<Fitted> {
    let is_possible = |one: &Hypothesis| one.is_possible() && one.shows_in(history.largest());
    let candidates = estimates.guesses(model).into_iter().filter(is_possible);
    let mut scored: Vec<Fitted> = candidates.map(|hypothesis| weigh(history, hypothesis, LOOK)).collect();
    scored.sort_by(|a, b| b.log().total_cmp(&a.log()));
    scored.truncate(if model == ServerModel::Sticky { STICKY_GUESSES } else { GUESSES });
    scored
}

fn weigh(history: &History, hypothesis: Hypothesis, replicates: usize) -> Fitted {
    let prior = hypothesis.model.prior().prior.ln();
    Fitted { score: history.score(&hypothesis, replicates), prior, hypothesis }
}

/// Improves the parameters one by one, by steps that become smaller (Hooke and Jeeves, "Direct search solution of numerical
/// and statistical problems", 1961).
fn refine(history: &History, fitted: Fitted, replicates: usize, rounds: usize, first: (f64, f64)) -> Fitted {
    let mut fitted = weigh(history, fitted.hypothesis, replicates);
    let count = fitted.hypothesis.point.len();
    let mut steps: Vec<f64> = (0..count).map(|i| if i == 0 { first.0 } else { first.1 }).collect();
    for _ in 0..rounds {
        for (i, step) in steps.iter_mut().enumerate() {
            // A limit and the service time may give the same together: they are changed together, too.
            let along: &[f64] = if i >= 2 { &[0.0, 1.0, -1.0] } else { &[0.0] };
            let moves = along.iter().flat_map(|along| [(1.0, *along), (-1.0, *along)]);
            let better = moves.into_iter().find_map(|(sign, along)| {
                let mut hypothesis = fitted.hypothesis.clone();
                hypothesis.point[i] = stepped(&hypothesis, i, sign * *step);
                hypothesis.point[0] += along * (hypothesis.point[i] - fitted.hypothesis.point[i]);
                let is_possible = hypothesis.is_possible() && hypothesis.shows_in(history.largest());
                let other = is_possible.then(|| weigh(history, hypothesis, replicates))?;
                (other.log() > fitted.log()).then_some(other)
            });
            *step *= if better.is_some() { 1.1 } else { 0.5 };
            if let Some(better) = better {
                fitted = better;
            }
        }
    }
    fitted
}

/// Returns the logarithm of the share of the parameters' prior range that explains what was seen: the better a parameter
/// has to be known, the more it was fitted (Laplace's approximation; MacKay, "Bayesian interpolation", 1992).
fn occam(history: &History, fitted: &Fitted) -> f64 {
    let mut sum = 0.0;
    for i in 0..fitted.hypothesis.point.len() {
        if i == 2 && fitted.hypothesis.model.has_window() {
            sum -= (WINDOWS.len() as f64).ln();
            continue;
        }
        let mut drop = 0.0;
        let mut size: f64 = 0.0;
        for sign in [1.0, -1.0] {
            let mut hypothesis = fitted.hypothesis.clone();
            hypothesis.point[i] = stepped(&hypothesis, i, sign * PROBE);
            size += (hypothesis.point[i] - fitted.hypothesis.point[i]).abs() / 2.0;
            drop += (fitted.score.log() - history.score(&hypothesis, REPLICATES).log()).max(0.0) / 2.0;
        }
        let known_to = size / (2.0 * drop.max(1e-3)).sqrt();
        let range = RANGES[i.min(RANGES.len() - 1)];
        // Whole numbers are known to one at best.
        let least = if fitted.hypothesis.model.is_whole(i) { 0.4 * size } else { 0.0 };
        sum += (2.5 * known_to.max(least) / range).min(1.0).ln();
    }
    sum
}

/// Returns a parameter after a step. Small whole numbers change by one at least.
pub(super) fn stepped(hypothesis: &Hypothesis, i: usize, step: f64) -> f64 {
    let value = hypothesis.point[i];
    if !hypothesis.model.is_whole(i) {
        return value + step;
    }
    let (now, next) = (value.exp().round(), (value + step).exp().round());
    let next = if next == now { now + step.signum() } else { next };
    next.max(1.0).ln()
}

/// Returns the hypothesis, with what other endpoints and sessions meet, as far as experiments may show it.
fn variants(history: &History, fitted: &Fitted) -> Vec<Fitted> {
    let shared = fitted.hypothesis.model.prior().shared;
    let mut variants = vec![fitted.clone()];
    let also = history.sent(Target::Also);
    if also {
        variants[0].prior += likelihood(fitted.hypothesis.is_shared, shared);
        let hypothesis = Hypothesis { is_shared: !fitted.hypothesis.is_shared, ..fitted.hypothesis.clone() };
        let prior = fitted.prior + likelihood(hypothesis.is_shared, shared);
        let other = Fitted { prior, ..weigh(history, hypothesis, REPLICATES) };
        variants.push(other);
    }
    if history.sent(Target::OtherHeader) && fitted.hypothesis.model.may_be_by_session() {
        let sessions: Vec<Fitted> = variants
            .iter()
            .map(|one| {
                let hypothesis = Hypothesis { by_session: true, ..one.hypothesis.clone() };
                let prior = one.prior + BY_SESSION.ln();
                Fitted { prior, ..weigh(history, hypothesis, REPLICATES) }
            })
            .collect();
        variants.extend(sessions);
    }
    variants
}

fn likelihood(is_shared: bool, shared: f64) -> f64 {
    if is_shared { shared.ln() } else { (1.0 - shared).ln() }
}
