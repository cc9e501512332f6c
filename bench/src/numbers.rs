//! Repeated measurements of a quantity.

use std::fmt;

use judge::stats::percentile;

/// The values of one quantity, one for each turn.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<f64>);

impl Series {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The percentile by the nearest-rank method; NaN if there are no values.
    pub fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        percentile(&sorted, share).unwrap_or(f64::NAN)
    }

    pub fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    /// The arithmetic mean; `None` if there are no values.
    pub fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.iter().sum::<f64>() / self.0.len() as f64)
    }

    pub fn max(&self) -> f64 {
        self.percentile(1.0)
    }

    /// The median with the lowest and highest value, multiplied by `scale` and written with `digits` decimals.
    pub fn spread(&self, scale: f64, digits: usize) -> String {
        let [low, mid, high] = [0.0, 0.5, 1.0].map(|share| grouped(self.percentile(share) * scale, digits));
        format!("{mid} ({low} to {high})")
    }

    /// The ratio to another series, turn by turn, because a machine that is slow for a while slows both values of a turn.
    pub fn over(&self, other: &Self) -> Ratio {
        let each: Self = self.0.iter().zip(&other.0).map(|(value, other)| value / other).collect();
        Ratio { median: each.median(), low: each.percentile(0.0), high: each.max() }
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Extend<f64> for Series {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

/// The ratio of two systems' values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The median of the ratios of the turns.
    pub median: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.low, self.high)
    }
}

/// Formats a number with commas between thousands.
pub fn grouped(value: f64, digits: usize) -> String {
    let plain = format!("{value:.digits$}");
    let whole = plain.find('.').unwrap_or(plain.len());
    let mut text = String::new();
    for (at, character) in plain.char_indices() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        values.iter().copied().collect()
    }

    #[test]
    fn the_median_ignores_an_outlier() {
        assert_eq!(series(&[5.0, 1.0, 900.0]).median(), 5.0);
        assert_eq!(series(&[2.0, 1.0]).median(), 1.0);
        assert!(series(&[]).median().is_nan());
    }

    #[test]
    fn a_ratio_compares_values_of_the_same_turn() {
        let ratio = series(&[10.0, 300.0, 20.0]).over(&series(&[10.0, 100.0, 10.0]));
        assert_eq!(ratio, Ratio { median: 2.0, low: 1.0, high: 3.0 });
        assert_eq!(ratio.to_string(), "2.00 (1.00 to 3.00)");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_234_567.0, 0), "1,234,567");
        assert_eq!(grouped(126_000.4, 1), "126,000.4");
        assert_eq!(grouped(-123_456.0, 0), "-123,456");
        assert_eq!(grouped(-123.0, 0), "-123");
        assert_eq!(grouped(99.0, 0), "99");
        assert_eq!(series(&[0.001, 0.003, 0.002]).spread(1e3, 1), "2.0 (1.0 to 3.0)");
    }
}
