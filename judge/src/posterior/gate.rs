//! Whether the best explanation describes a burst at all: a server of no known kind must not be named.

use crate::likelihood::{Observation, score};
use crate::model::{Burst, Explanation};
use crate::stats::ln_gamma;

/// How many parts of the burst are compared with what was expected.
const PARTS: usize = 8;
/// The largest deviation of a part, in standard deviations, and the largest mean of their squares.
const MOST_DEVIATION: f64 = 4.0;
const MOST_MEAN_SQUARE: f64 = 4.0;
/// Services with a smaller spread are steady.
const STEADY: f64 = 0.12;
/// An explanation that is worse than a rate that follows the answers describes nothing.
const MARGIN: f64 = 0.0;

/// How the best explanation fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fit {
    /// Whether it describes the burst.
    pub(crate) describes: bool,
    pub(crate) worst: f64,
    pub(crate) mean_square: f64,
    /// By how much the logarithm of its likelihood exceeds that of a rate that follows the answers.
    pub(crate) gain: f64,
    pub(crate) impossible: usize,
}

impl Fit {
    pub(crate) fn of(burst: &Burst, best: &Explanation) -> Self {
        let Some(hypothesis) = &best.hypothesis else {
            return Self {
                describes: best.describes,
                worst: 0.0,
                mean_square: 0.0,
                gain: 0.0,
                impossible: 0,
            };
        };
        let score = score(&burst.observed, hypothesis, f64::NEG_INFINITY, true);
        // Answers of steady services come in clumps: a slight shift moves a whole clump to another cell.
        let slack = if hypothesis.service.sigma < STEADY { 0.12 } else { 0.02 };
        let all: f64 = score.residuals.iter().map(|residual| residual.count).sum();
        let part = all / PARTS.min(all as usize / 3).max(1) as f64;
        let (mut worst, mut squares, mut parts) = (0.0_f64, 0.0, 0.0);
        let (mut count, mut expected, mut variance) = (0.0, 0.0, 0.0);
        for (i, residual) in score.residuals.iter().enumerate() {
            count += residual.count;
            expected += residual.expected;
            variance += residual.variance;
            if expected.max(count) >= part || i + 1 == score.residuals.len() {
                let deviation = (count - expected) / (variance + 0.5 + (slack * expected).powi(2)).sqrt();
                worst = worst.max(deviation.abs());
                squares += deviation * deviation;
                parts += 1.0;
                (count, expected, variance) = (0.0, 0.0, 0.0);
            }
        }
        let mean_square = squares / f64::max(parts, 1.0);
        let gain = score.log - following(&burst.observed);
        let describes = worst <= MOST_DEVIATION && mean_square <= MOST_MEAN_SQUARE && gain >= MARGIN;
        Self { describes, worst, mean_square, gain, impossible: score.impossible }
    }
}

/// Returns the logarithm of the probability of the answers by a rate that follows them: each cell's count is predicted from
/// the last answers alone. It is a Poisson process whose rate has a gamma distribution that forgets (West and Harrison,
/// "Bayesian Forecasting and Dynamic Models", 1997).
fn following(observed: &Observation) -> f64 {
    const MEMORY: f64 = 6.0;
    let all = observed.done.len() as f64;
    let (mut shape, mut time) = (0.5, 0.5 * observed.end().max(1e-9) / all);
    let mut log = 0.0;
    for cell in &observed.cells {
        let width = cell.to - cell.from;
        let count = cell.count as f64;
        // Gamma-Poisson: a negative binomial distribution.
        let p = time / (time + width);
        log += ln_gamma(shape + count) - ln_gamma(shape) - ln_gamma(count + 1.0)
            + shape * p.ln()
            + count * (1.0 - p).max(1e-300).ln();
        shape += count;
        time += width;
        if shape > MEMORY {
            time *= MEMORY / shape;
            shape = MEMORY;
        }
    }
    log
}
