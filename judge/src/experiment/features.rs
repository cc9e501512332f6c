//! The figures of an experiment that are compared with those of hypotheses.

use super::plan::{Connections, Experiment, Part};
use super::simulate::{Outcome, Outcomes};

/// Parts of at most so many requests are compared request by request.
const SMALL: usize = 6;
/// The ranks of larger ones that are compared, as shares.
const RANKS: [f64; 9] = [0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0];
/// Answers closer than this share of the median one alone come together.
const TOGETHER: f64 = 0.03;
/// A refusal within this share of the median time alone comes at once.
const AT_ONCE: f64 = 0.15;
/// Fewer requests have no order that repeats.
const LEAST_ORDER: usize = 8;

/// A figure: its value, if there is one, its least standard deviation, and how much it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figure {
    pub(super) value: Option<f64>,
    pub(super) least: f64,
    pub(super) weight: f64,
}

/// The least deviation of times: a share, and a time in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The median time of a request alone, in seconds.
    pub(super) alone: f64,
    /// By how much a measured time is wrong, in seconds.
    pub(super) error: f64,
}

impl Scale {
    fn least(&self, log: Option<f64>, count: usize) -> f64 {
        let time = log.map_or(self.alone, f64::exp);
        let one = self.error / time.max(1e-6);
        0.012 + one / (count.max(1) as f64).sqrt().min(3.0)
    }
}

/// Returns the figures of requests alone: the warm-up's time, the mean and the spread of the others.
pub(super) fn alone(warm_up: Option<f64>, times: &[f64], scale: Scale) -> Vec<Figure> {
    let logs: Vec<f64> = times.iter().map(|time| time.ln()).collect();
    let mean = mean(&logs);
    let spread = mean.filter(|_| logs.len() >= 3).map(|mean| {
        let squares = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        (squares / (logs.len() - 1) as f64).sqrt().max(0.004).ln()
    });
    let warm_up = warm_up.map(f64::ln);
    vec![
        Figure { value: warm_up, least: 0.1 + scale.least(warm_up, 1), weight: 0.7 },
        Figure { value: mean, least: scale.least(mean, logs.len()), weight: 1.0 },
        Figure { value: spread, least: 0.3, weight: 1.0 },
    ]
}

/// Returns the figures of an experiment. The same experiment has the same figures in the same order.
pub(super) fn figures(experiment: &Experiment, outcomes: &Outcomes, scale: Scale) -> Vec<Figure> {
    let mut figures = Vec::with_capacity(24);
    let mut done: Vec<bool> = vec![false; experiment.parts.len()];
    let is_kept = experiment.connections == Connections::Kept;
    for (i, part) in experiment.parts.iter().enumerate() {
        if done[i] {
            continue;
        }
        let is_like =
            |other: &Part| (other.n, other.spacing, other.target) == (part.n, part.spacing, part.target);
        let mut alike: Vec<&[Outcome]> = Vec::new();
        for (j, other) in experiment.parts.iter().enumerate().skip(i) {
            // What was opened before is used differently.
            if is_like(other) && (!is_kept || i == j) {
                done[j] = true;
                alike.extend(outcomes.get(j).map(Vec::as_slice));
            }
        }
        of_parts(part, &alike, scale, &mut figures);
    }
    if is_kept {
        let value = order(outcomes.get(1), outcomes.first());
        figures.push(Figure { value, least: 0.12, weight: 1.0 });
    }
    figures
}

fn of_parts(part: &Part, alike: &[&[Outcome]], scale: Scale, figures: &mut Vec<Figure>) {
    let all = || alike.iter().flat_map(|part| part.iter().flatten());
    let (count, good) = (all().count(), all().filter(|(_, is_good)| *is_good).count());
    let share = (count > 0).then(|| good as f64 / count as f64);
    let least = (0.6 / count.max(1) as f64).max(0.02);
    figures.push(Figure { value: share, least, weight: 1.5 });
    // A refusal at once takes as long as the network needs.
    let at_once = AT_ONCE * scale.alone + 2.0 * scale.error;
    let refused = all().filter(|(_, is_good)| !is_good).map(|(time, _)| time.max(at_once).ln());
    let refused: Vec<f64> = refused.collect();
    figures.push(Figure { value: mean(&refused), least: 0.35, weight: 1.0 });
    let keeps_order = !part.spacing.is_zero() && part.n <= SMALL;
    let mut logs: Vec<Vec<f64>> = alike
        .iter()
        .map(|part| {
            part.iter().flatten().filter(|(_, is_good)| *is_good).map(|(time, _)| time.ln()).collect()
        })
        .collect();
    if !keeps_order {
        logs.iter_mut().for_each(|logs| logs.sort_by(f64::total_cmp));
    }
    let times: Vec<f64> = logs.iter().flatten().map(|log: &f64| log.exp()).collect();
    let mean_time = mean(&times).map(f64::ln);
    figures.push(Figure { value: mean_time, least: scale.least(mean_time, times.len()), weight: 1.0 });
    let at = |rank: &dyn Fn(usize) -> Option<usize>| -> (Option<f64>, usize) {
        let values: Vec<f64> = logs.iter().filter_map(|logs| logs.get(rank(logs.len())?).copied()).collect();
        (mean(&values), values.len())
    };
    // Times beside their mean: a burst of quick requests is one chance, not one for each rank.
    let mut rank = |value: Option<f64>, count: usize, weight: f64| {
        let least = scale.least(value, count);
        let value = value.zip(mean_time).map(|(value, mean)| value - mean);
        figures.push(Figure { value, least, weight });
    };
    if part.n <= SMALL {
        for i in 0..part.n {
            let (value, count) = at(&|_| Some(i));
            rank(value, count, 1.0);
        }
        return;
    }
    // Few answers have the same time at several ranks.
    let answers = logs.iter().map(Vec::len).max().unwrap_or(0);
    let weight = 0.45 * (answers as f64 / RANKS.len() as f64).min(1.0);
    for share in RANKS {
        let (value, count) = at(&|len: usize| Some((share * (len.checked_sub(1)?) as f64).round() as usize));
        rank(value, count, weight);
    }
    gaps(&logs, scale, figures);
    let close = TOGETHER * scale.alone;
    let pairs = || logs.iter().flat_map(|logs| logs.windows(2));
    let together = pairs().filter(|pair| pair[1].exp() - pair[0].exp() < close).count();
    let share = (pairs().count() > 3).then(|| together as f64 / pairs().count() as f64);
    figures.push(Figure { value: share, least: 0.08 + scale.error / (close + scale.error), weight: 1.0 });
}

/// Adds how much the gaps between answers vary, and how much neighbours make up for each other: answers that vary around
/// even times do, answers that follow each other don't.
fn gaps(logs: &[Vec<f64>], scale: Scale, figures: &mut Vec<Figure>) {
    let (mut count, mut sum, mut squares, mut products) = (0.0, 0.0, 0.0, 0.0);
    for logs in logs {
        let gaps: Vec<f64> = logs.windows(2).map(|pair| pair[1].exp() - pair[0].exp()).collect();
        let Some(mean) = mean(&gaps).filter(|_| gaps.len() >= LEAST_ORDER - 1) else { continue };
        count += gaps.len() as f64;
        sum += gaps.iter().sum::<f64>();
        squares += gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
        products += gaps.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>();
    }
    let mean = sum / f64::max(count, 1.0);
    let is_known = count > 0.0 && squares > 0.0 && mean > 0.0;
    let variation = is_known.then(|| ((squares / count).sqrt() / mean).max(0.01).ln());
    let together = is_known.then(|| products / squares);
    // What the network adds to the gaps.
    let error = scale.error / mean.max(1e-6);
    figures.push(Figure { value: variation, least: 0.12 + error, weight: 0.7 });
    figures.push(Figure { value: together, least: 0.08 + 0.5 * error.min(1.0), weight: 1.0 });
}

/// Returns how much the order of the answers repeats over the same connections: the correlation of their ranks.
fn order(now: Option<&Vec<Outcome>>, before: Option<&Vec<Outcome>>) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = now?
        .iter()
        .zip(before?)
        .filter_map(|(now, before)| Some((now.as_ref()?.0, before.as_ref()?.0)))
        .collect();
    if pairs.len() < LEAST_ORDER {
        return None;
    }
    let one = ranks(pairs.iter().map(|pair| pair.0).collect());
    let other = ranks(pairs.iter().map(|pair| pair.1).collect());
    let middle = (pairs.len() - 1) as f64 / 2.0;
    let product: f64 = one.iter().zip(&other).map(|(a, b)| (a - middle) * (b - middle)).sum();
    let square: f64 = one.iter().map(|a| (a - middle).powi(2)).sum();
    Some(product / square)
}

fn ranks(times: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
    let mut ranks = vec![0.0; times.len()];
    order.into_iter().enumerate().for_each(|(rank, i)| ranks[i] = rank as f64);
    ranks
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
