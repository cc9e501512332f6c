//! How long requests alone took.

use crate::stats;

/// How long requests alone took, in milliseconds. The service time is a distribution; one request alone is one draw of
/// it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// The time of the warm-up request, if it did the same work as the others.
    pub warm_up_ms: Option<f64>,
    /// The times of the requests alone before the burst, in their order.
    pub before_ms: Vec<f64>,
    /// The time of the request alone after the burst.
    pub after_ms: Option<f64>,
}

impl Baseline {
    /// Returns a baseline of these times before the burst.
    pub fn new(before_ms: Vec<f64>) -> Self {
        Self { before_ms, ..Self::default() }
    }

    /// Returns the times of the requests alone before the burst and after it; not the warm-up's.
    pub fn times_ms(&self) -> impl Iterator<Item = f64> {
        let times = self.before_ms.iter().copied().chain(self.after_ms);
        times.filter(|time| time.is_finite() && *time > 0.0)
    }

    /// Returns the median time; `None` without times.
    pub fn median_ms(&self) -> Option<f64> {
        stats::median(self.times_ms().collect())
    }

    /// Returns the standard deviation of the times' natural logarithm; `None` for fewer than three times.
    pub fn spread(&self) -> Option<f64> {
        let logs: Vec<f64> = self.times_ms().map(f64::ln).collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        (logs.len() >= 3).then(|| (squares / (count - 1.0)).sqrt())
    }

    /// Returns the change from each time before the burst to the next, as a share: the median of the ratios of all pairs,
    /// per step, less 1 (Theil and Sen's slope, of the logarithm). `None` for fewer than three times.
    pub fn trend(&self) -> Option<f64> {
        let logs: Vec<f64> = self
            .before_ms
            .iter()
            .filter(|time| time.is_finite() && **time > 0.0)
            .map(|time| time.ln())
            .collect();
        let slopes = (0..logs.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let slopes: Vec<f64> = slopes.map(|(i, j)| (logs[i] - logs[j]) / (i - j) as f64).collect();
        if logs.len() < 3 { None } else { stats::median(slopes).map(f64::exp_m1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_has_a_median_a_spread_and_a_trend() {
        let baseline = Baseline { after_ms: Some(110.0), ..Baseline::new(vec![100.0, 110.0, 121.0]) };
        assert_eq!(baseline.median_ms(), Some(110.0));
        assert!((baseline.spread().unwrap() - 0.0778).abs() < 1e-3);
        assert!((baseline.trend().unwrap() - 0.1).abs() < 1e-9);
    }

    #[test]
    fn few_times_show_no_spread_and_no_trend() {
        let baseline = Baseline::new(vec![f64::NAN, 100.0]);
        assert_eq!((baseline.median_ms(), baseline.spread(), baseline.trend()), (Some(100.0), None, None));
        assert_eq!(Baseline::default().median_ms(), None);
    }
}
