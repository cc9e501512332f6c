//! The change of a time between two results.

use super::{CONFIDENCE, Ratio};
use crate::stats::{median, median_deviation};

/// A value this many median absolute deviations from the median is an outlier: ten standard deviations of a normal
/// distribution. Source: hyperfine.
const OUTLIER: f64 = 14.826;

/// A time in two results, each with several rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeChange {
    /// The median of each result.
    pub medians: [f64; 2],
    /// The median absolute deviation of each result.
    pub deviations: [f64; 2],
    /// The ratio of the second result to the first.
    pub ratio: Ratio,
    /// What the ratio means.
    pub trend: Trend,
    /// Whether a round lies far from the others.
    pub has_outlier: bool,
}

/// What a ratio of two times means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// The second takes longer.
    Slower,
    /// The second takes less time.
    Quicker,
    /// The difference is too small to matter.
    Within,
    /// The difference is no larger than the difference between rounds.
    Noise,
    /// There are too few rounds to tell.
    Unknown,
}

impl TimeChange {
    /// Compares the rounds of two results. A ratio that differs from 1 by `tolerance` at most doesn't matter. `None` if
    /// a result has no rounds. The values must be positive; the unit is the caller's.
    pub fn of(before: &[f64], after: &[f64], tolerance: f64) -> Option<Self> {
        let values = [before, after];
        let ratio = Ratio::of(before, after)?;
        let medians = [median(before.to_vec())?, median(after.to_vec())?];
        let deviations = [median_deviation(before)?, median_deviation(after)?];
        let is_outlier = |at: usize| {
            // A deviation within the tolerance disturbs nothing.
            let limit = (OUTLIER * deviations[at]).max(tolerance * medians[at]);
            values[at].iter().any(|value| deviations[at] > 0.0 && (value - medians[at]).abs() > limit)
        };
        let has_outlier = is_outlier(0) || is_outlier(1);
        let trend = trend(&ratio, tolerance);
        Some(Self { medians, deviations, ratio, trend, has_outlier })
    }
}

fn trend(ratio: &Ratio, tolerance: f64) -> Trend {
    let Some((low, high)) = ratio.interval else { return Trend::Unknown };
    let is_small = ratio.estimate <= 1.0 + tolerance && ratio.estimate >= 1.0 / (1.0 + tolerance);
    match ratio.confidence >= CONFIDENCE {
        _ if is_small => Trend::Within,
        _ if low <= 1.0 && 1.0 <= high => Trend::Noise,
        false => Trend::Unknown,
        true if low > 1.0 => Trend::Slower,
        true => Trend::Quicker,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend_of(before: &[f64], after: &[f64]) -> Trend {
        TimeChange::of(before, after, 0.05).unwrap().trend
    }

    #[test]
    fn a_ratio_is_slower_only_beyond_tolerance_and_noise() {
        assert_eq!(trend_of(&[100.0, 101.0, 99.0, 100.5], &[152.0, 153.0, 152.5, 152.2]), Trend::Slower);
        assert_eq!(trend_of(&[100.0, 101.0, 99.0, 100.5], &[102.0, 103.0, 102.5, 102.2]), Trend::Within);
        assert_eq!(trend_of(&[100.0], &[500.0]), Trend::Unknown);
    }

    #[test]
    fn a_round_far_from_the_others_is_an_outlier() {
        let rounds = [100.0, 101.0, 99.0, 100.5, 900.0];
        assert!(TimeChange::of(&rounds, &rounds[..4], 0.05).unwrap().has_outlier);
        assert!(!TimeChange::of(&rounds[..4], &rounds[..4], 0.05).unwrap().has_outlier);
    }
}
