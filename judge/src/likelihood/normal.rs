//! The normal distribution, by a table.

use std::sync::OnceLock;

const LIMIT: f64 = 8.0;
const PER_UNIT: f64 = 128.0;

/// The probabilities that a standard normal variable exceeds values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exceedance(&'static [f64]);

impl Exceedance {
    pub(super) fn new() -> Self {
        static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
        let value = |i: usize| complement(i as f64 / PER_UNIT - LIMIT);
        Self(TABLE.get_or_init(|| (0..=(2.0 * LIMIT * PER_UNIT) as usize + 1).map(value).collect()))
    }

    /// Returns the probability that a standard normal variable exceeds `x`, to seven digits.
    pub(super) fn of(self, x: f64) -> f64 {
        let at = ((x + LIMIT) * PER_UNIT).clamp(0.0, 2.0 * LIMIT * PER_UNIT);
        let index = at as usize;
        let part = at - index as f64;
        self.0[index] + part * (self.0[index + 1] - self.0[index])
    }
}

/// The complementary error function, scaled: W. J. Cody's rational approximation is not needed at the table's accuracy;
/// the series and the continued fraction converge quickly on its points.
///
/// Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.10 and 26.2.14.
fn complement(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let tail = |x: f64| {
        if x < 3.0 {
            let (mut term, mut sum) = (x, x);
            for i in 1..80 {
                term *= x * x / (2 * i + 1) as f64;
                sum += term;
            }
            0.5 - density * sum
        } else {
            let fraction = (1..=60).rev().fold(x, |fraction, i| x + f64::from(i) / fraction);
            density / fraction
        }
    };
    if x < 0.0 { 1.0 - tail(-x) } else { tail(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let exceeds = |x| Exceedance::new().of(x);
        for (x, p) in [(0.0, 0.5), (1.0, 0.158_655), (-1.0, 0.841_345), (2.5, 0.006_209_7), (5.0, 2.866_5e-7)]
        {
            assert!((exceeds(x) / p - 1.0).abs() < 1e-3, "{x}: {}", exceeds(x));
        }
        assert!(exceeds(-40.0) > 0.999_999 && exceeds(40.0) < 1e-14);
    }
}
