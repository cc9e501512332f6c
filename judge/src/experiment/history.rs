//! What was seen, and how well a hypothesis explains it.
//!
//! The likelihood is synthetic (Wood, "Statistical inference for noisy nonlinear ecological dynamic systems", 2010): the
//! experiments are simulated at the hypothesis many times over, and the figures that were seen are compared with the
//! means and the deviations of the figures that were simulated. So any experiment can be judged, in any order, at servers
//! that remember earlier ones.

use super::features::{self, Figure, Scale};
use super::hypothesis::Hypothesis;
use super::plan::{Experiment, Observed, Target};
use super::simulate::{Outcome, Outcomes, Simulation};
use crate::trace::{Baseline, Ending, Row};

/// Figures have tails as long as those of Student's distribution with so many degrees of freedom: real servers are never
/// quite as suspected.
const FREEDOM: f64 = 6.0;
/// The logarithm of the likelihood of a figure that a server hardly ever has.
const MISSING: f64 = -5.0;
/// A single figure speaks against a server by at most so many squared deviations.
const MOST_SQUARE: f64 = 20.0;
/// The square of a typical deviation.
const TYPICAL: f64 = 0.7;
/// Figures depend on each other, so that their evidence is overstated.
const TEMPER: f64 = 0.7;

/// An experiment as it was seen.
pub(super) struct Completed<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) outcomes: Outcomes,
}

/// What was seen, in its order.
pub(super) struct History<'a> {
    warm_up: Option<f64>,
    /// The times of the requests alone, in seconds.
    pub(super) alone: Vec<f64>,
    pub(super) seen: Vec<Completed<'a>>,
    /// The figures of the requests alone, then those of each experiment.
    figures: Vec<Vec<Figure>>,
    pub(super) scale: Scale,
    /// The service time of the second URL in seconds.
    pub(super) also: f64,
}

/// The mean and the variance of a figure over several replicates.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Simulated {
    count: f64,
    mean: f64,
    squares: f64,
}

/// How well a server explains what was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Score {
    /// The logarithm of the likelihood of the requests alone, then of each experiment.
    pub(super) logs: Vec<f64>,
    /// The mean square of the deviations.
    pub(super) square: f64,
}

impl Score {
    pub(super) fn log(&self) -> f64 {
        self.logs.iter().sum()
    }
}

impl<'a> History<'a> {
    pub(super) fn new(service_ms: f64, alone: &Baseline, also: Option<f64>, seen: &'a [Observed]) -> Self {
        let seconds = |ms: f64| (ms / 1e3).clamp(1e-6, 1e6);
        let is_time = |ms: &f64| ms.is_finite() && *ms > 0.0;
        let mut times: Vec<f64> =
            alone.before_ms.iter().copied().filter(|ms| is_time(ms)).map(seconds).collect();
        let service = if is_time(&service_ms) { seconds(service_ms) } else { 1.0 };
        if times.is_empty() {
            times.push(service);
        }
        let lag = seen.iter().flat_map(|one| &one.traces).map(|trace| trace.generator.lag_p99_us / 1e6);
        let lag = lag.filter(|lag| lag.is_finite()).fold(0.0, f64::max).clamp(0.0, 1.0);
        let scale = Scale { alone: service, error: 0.000_5 + 0.2 * lag };
        let warm_up = alone.warm_up_ms.filter(is_time).map(seconds);
        let given = seen.iter().flat_map(|one| one.experiment.parts.iter().zip(&one.traces));
        let measured = given
            .filter(|(part, trace)| part.target == Target::Also && is_time(&trace.service_ms))
            .map(|(_, trace)| seconds(trace.service_ms))
            .next();
        let also = measured.or(also).unwrap_or(service);
        let mut history = Self { warm_up, alone: times, seen: Vec::new(), figures: Vec::new(), scale, also };
        history.figures.push(features::alone(history.warm_up, &history.alone, scale));
        for one in seen {
            let outcomes = outcomes(one);
            history.figures.push(features::figures(&one.experiment, &outcomes, scale));
            history.seen.push(Completed { experiment: &one.experiment, outcomes });
        }
        history
    }

    /// Returns how well a server explains what was seen, simulated so many times.
    pub(super) fn score(&self, hypothesis: &Hypothesis, replicates: usize) -> Score {
        let simulated = self.simulate(hypothesis, replicates, &[]).0;
        let mut score = Score::default();
        let (mut squares, mut weights) = (0.0, 0.0);
        for (figures, simulated) in self.figures.iter().zip(&simulated) {
            let mut log = 0.0;
            for (figure, simulated) in figures.iter().zip(simulated) {
                let Some(value) = figure.value else { continue };
                if 2.0 * simulated.count < replicates as f64 {
                    log += figure.weight * MISSING;
                    squares += figure.weight * MOST_SQUARE;
                } else {
                    let variance = simulated.variance(figure.least);
                    let square = (value - simulated.mean).powi(2) / variance;
                    log += figure.weight * log_density(square, variance);
                    squares += figure.weight * square.min(MOST_SQUARE);
                }
                weights += figure.weight;
            }
            score.logs.push(TEMPER * log);
        }
        score.square = squares / f64::max(weights, 1e-9);
        score
    }

    /// Simulates what was seen, and then each of `next` by itself. Returns their figures.
    pub(super) fn simulate(
        &self,
        hypothesis: &Hypothesis,
        replicates: usize,
        next: &[Experiment],
    ) -> (Vec<Vec<Simulated>>, Vec<Vec<Simulated>>) {
        let mut all: Vec<Vec<Simulated>> = vec![Vec::new(); 1 + self.seen.len()];
        let mut after: Vec<Vec<Simulated>> = vec![Vec::new(); next.len()];
        for replicate in 0..replicates {
            let mut simulation = Simulation::new(hypothesis, self.also, replicate);
            let alone = simulation.alone(1 + self.alone.len());
            let time = |one: &Outcome| one.filter(|(_, is_good)| *is_good).map(|(time, _)| time);
            let times: Vec<f64> = alone.iter().skip(1).filter_map(time).collect();
            add(&mut all[0], &features::alone(alone.first().and_then(time), &times, self.scale));
            for (seen, all) in self.seen.iter().zip(&mut all[1..]) {
                let outcomes = simulation.simulate(seen.experiment);
                add(all, &features::figures(seen.experiment, &outcomes, self.scale));
            }
            for (experiment, after) in next.iter().zip(&mut after) {
                let outcomes = simulation.copy().simulate(experiment);
                add(after, &features::figures(experiment, &outcomes, self.scale));
            }
        }
        (all, after)
    }

    /// Returns the figures of an experiment, for their weights and least deviations.
    pub(super) fn blank(&self, experiment: &Experiment) -> Vec<Figure> {
        let outcomes =
            experiment.parts.iter().map(|part| vec![Some((self.scale.alone, true)); part.n]).collect();
        features::figures(experiment, &outcomes, self.scale)
    }

    pub(super) fn warm_up(&self) -> Option<f64> {
        self.warm_up
    }

    /// Whether an experiment sent requests to this target.
    pub(super) fn sent(&self, target: Target) -> bool {
        self.seen.iter().any(|one| one.experiment.parts.iter().any(|part| part.target == target))
    }

    /// Returns the number of requests of the largest burst.
    pub(super) fn largest(&self) -> usize {
        self.seen.iter().filter_map(|one| one.outcomes.first().map(Vec::len)).max().unwrap_or(1)
    }

    /// Whether the server refused requests.
    pub(super) fn has_refusals(&self) -> bool {
        self.requests().any(|(_, is_good)| !is_good)
    }

    /// Returns the outcomes of all requests.
    pub(super) fn requests(&self) -> impl Iterator<Item = (f64, bool)> {
        self.seen.iter().flat_map(|one| one.outcomes.iter().flatten().flatten().copied())
    }
}

/// By how much two servers differ in an experiment: the logarithm of the likelihood ratio that is expected, by the one that
/// shows less.
pub(super) fn difference(
    one: &[Simulated],
    other: &[Simulated],
    figures: &[Figure],
    replicates: usize,
) -> f64 {
    let towards = |from: &[Simulated], to: &[Simulated]| -> f64 {
        let mut sum = 0.0;
        for ((from, to), figure) in from.iter().zip(to).zip(figures) {
            let half = replicates as f64 / 2.0;
            match (from.count >= half, to.count >= half) {
                (false, _) => {}
                (true, false) => sum += figure.weight * 3.0,
                (true, true) => {
                    let (own, others) = (from.variance(figure.least), to.variance(figure.least));
                    let square = (from.mean - to.mean).powi(2);
                    let gain =
                        log_density(TYPICAL, own) - log_density((square + TYPICAL * own) / others, others);
                    sum += figure.weight * gain;
                }
            }
        }
        TEMPER * sum
    };
    towards(one, other).min(towards(other, one)).max(0.0)
}

fn log_density(square: f64, variance: f64) -> f64 {
    -0.5 * (FREEDOM + 1.0) * (square / FREEDOM).ln_1p() - 0.5 * variance.ln()
}

fn add(all: &mut Vec<Simulated>, figures: &[Figure]) {
    all.resize(figures.len(), Simulated::default());
    for (simulated, figure) in all.iter_mut().zip(figures) {
        let Some(value) = figure.value else { continue };
        // Welford, "Note on a method for calculating corrected sums of squares and products", 1962.
        simulated.count += 1.0;
        let delta = value - simulated.mean;
        simulated.mean += delta / simulated.count;
        simulated.squares += delta * (value - simulated.mean);
    }
}

impl Simulated {
    /// The variance of a figure: that over the replicates, that of their mean, and the least one.
    fn variance(&self, least: f64) -> f64 {
        let variance = if self.count > 1.0 { self.squares / (self.count - 1.0) } else { 0.0 };
        variance * (1.0 + 1.0 / self.count.max(1.0)) + least * least
    }
}

/// Returns the outcomes of an experiment's requests. A request that timed out counts as one that took as long.
fn outcomes(seen: &Observed) -> Outcomes {
    let outcome = |row: &Row| {
        let time = ((row.done_us - row.sent_us?) / 1e6).clamp(1e-6, 1e6);
        match row.ending() {
            Ending::Answered | Ending::Unanswered => Some((time, true)),
            Ending::Refused => Some((time, false)),
            Ending::FailedAtServer | Ending::FailedAtClient => None,
        }
    };
    let part = |(part, n): (usize, usize)| -> Vec<Outcome> {
        let mut outcomes = vec![None; n];
        for row in seen.traces.get(part).map_or(&[][..], |trace| &trace.rows) {
            if let Some(place) = outcomes.get_mut(row.i) {
                *place = outcome(row).filter(|(time, _)| time.is_finite());
            }
        }
        outcomes
    };
    seen.experiment.parts.iter().map(|part| part.n).enumerate().map(part).collect()
}
