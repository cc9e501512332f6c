//! Order statistics, and statistics of values that are not kept.

/// Returns the index of the percentile `share` (0 to 1) in `count` sorted values by the nearest-rank method: the
/// smallest value that at least this share of the values doesn't exceed. `None` if `count` is 0.
///
/// Source: Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996, definition 1.
pub fn nearest_rank(count: usize, share: f64) -> Option<usize> {
    let rank = (share * count as f64).ceil() as usize;
    (count > 0).then(|| rank.clamp(1, count) - 1)
}

/// Returns the percentile `share` (0 to 1) of sorted values; see [`nearest_rank`].
pub fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    nearest_rank(sorted.len(), share).map(|rank| sorted[rank])
}

/// Returns the median by the nearest-rank method; `None` without values.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    percentile(&values, 0.5)
}

/// Returns the median absolute deviation: the median of the distances from the median; `None` without values.
pub fn median_deviation(values: &[f64]) -> Option<f64> {
    let middle = median(values.to_vec())?;
    median(values.iter().map(|value| (value - middle).abs()).collect())
}

/// Returns the logarithm of the gamma function, by Lanczos' approximation ("A precision approximation of the gamma function",
/// 1964).
pub(crate) fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        1.208_650_973_866_179e-3,
        -5.395_239_384_953e-6,
    ];
    let base = x + 5.5;
    let log = base - (x + 0.5) * base.ln();
    let series = COEFFICIENTS.iter().enumerate().map(|(i, c)| c / (x + 1.0 + i as f64)).sum::<f64>();
    -log + (2.506_628_274_631_000_5 * (1.000_000_000_190_015 + series) / x).ln()
}

/// Minimum, mean and maximum of values that are not kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The number of values.
    pub count: usize,
    /// The sum of the values.
    pub sum: f64,
    /// The minimum; positive infinity without values.
    pub min: f64,
    /// The maximum; negative infinity without values.
    pub max: f64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Spread {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.add_many(value, 1);
    }

    /// Adds a value so often.
    pub fn add_many(&mut self, value: f64, count: usize) {
        self.count += count;
        self.sum += value * count as f64;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Returns the arithmetic mean; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Returns the upper bounds of `count` ranges of equal width from the minimum to the maximum. If all values are equal,
    /// there is one range.
    pub fn ranges(&self, count: usize) -> Vec<f64> {
        if self.count == 0 {
            return Vec::new();
        }
        if self.min == self.max {
            return vec![self.max];
        }
        let width = (self.max - self.min) / count as f64;
        // The last bound is the maximum itself, without rounding errors.
        (1..=count).map(|i| if i == count { self.max } else { self.min + width * i as f64 }).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_of_ten_are_the_tenths() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        for (share, value) in [(0.0, 1.0), (0.1, 1.0), (0.5, 5.0), (0.9, 9.0), (0.91, 10.0), (1.0, 10.0)] {
            assert_eq!(percentile(&values, share), Some(value), "{share}");
        }
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn the_gamma_function_has_its_known_values() {
        for (x, value) in [(1.0, 1.0_f64), (0.5, 1.772_453_85), (5.0, 24.0), (10.0, 362_880.0)] {
            assert!((ln_gamma(x) - value.ln()).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn no_values_have_no_mean_and_equal_values_have_one_range() {
        let mut spread = Spread::default();
        assert_eq!((spread.mean(), spread.ranges(10)), (None, vec![]));
        spread.add(2.0);
        spread.add(2.0);
        assert_eq!((spread.mean(), spread.ranges(10)), (Some(2.0), vec![2.0]));
        spread.add(12.0);
        assert_eq!(spread.ranges(4), [4.5, 7.0, 9.5, 12.0]);
    }

    proptest! {
        #[test]
        fn at_least_the_share_of_the_values_does_not_exceed_the_percentile(mut values in prop::collection::vec(0.0..1e6, 1..200), share in 0.0..=1.0) {
            values.sort_by(f64::total_cmp);
            let found = percentile(&values, share).unwrap();
            let at_most = values.iter().filter(|value| **value <= found).count();
            prop_assert!(at_most as f64 >= share * values.len() as f64);
        }
    }
}
