//! How long requests alone took.

mod change;

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
    /// The median time that the requests alone were in the handler, by the server's own record.
    pub handler_ms: Option<f64>,
}

impl Baseline {
    /// Returns a baseline of these times before the burst.
    pub fn new(before_ms: Vec<f64>) -> Self {
        Self { before_ms, ..Self::default() }
    }

    /// Returns the service time and the baseline of times that the user gave, in milliseconds. A single time is the service
    /// time itself and no draw of it, so its baseline is empty. `None` without times.
    pub fn given(times_ms: &[f64]) -> Option<(f64, Self)> {
        let baseline = if times_ms.len() > 1 { Self::new(times_ms.to_vec()) } else { Self::default() };
        Some((stats::median(times_ms.to_vec())?, baseline))
    }

    /// Returns the baseline of several load generators that measured at the same time. The first requests come first, then
    /// the second ones, and so on, so that a trend remains one. The warm-up and the request after the burst are the median ones.
    pub fn joined(parts: &[Self]) -> Self {
        let median = |time: fn(&Self) -> Option<f64>| stats::median(parts.iter().filter_map(time).collect());
        let most = parts.iter().map(|part| part.before_ms.len()).max().unwrap_or(0);
        let turn = |at: usize| parts.iter().filter_map(move |part| part.before_ms.get(at).copied());
        Self {
            warm_up_ms: median(|part| part.warm_up_ms),
            before_ms: (0..most).flat_map(turn).collect(),
            after_ms: median(|part| part.after_ms),
            handler_ms: median(|part| part.handler_ms),
        }
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
        deviation(&self.times_ms().map(f64::ln).collect::<Vec<_>>())
    }

    /// Returns the change from each time before the burst to the next, as a share: the median of the ratios of all pairs,
    /// per step, less 1 (Theil and Sen's slope, of the logarithm). `None` for fewer than three times.
    pub fn trend(&self) -> Option<f64> {
        let logs = self.before_logs();
        let slopes = (0..logs.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let slopes: Vec<f64> = slopes.map(|(i, j)| (logs[i] - logs[j]) / (i - j) as f64).collect();
        if logs.len() < 3 { None } else { stats::median(slopes).map(f64::exp_m1) }
    }

    /// Returns the natural logarithms of the times before the burst, in their order.
    fn before_logs(&self) -> Vec<f64> {
        let times = self.before_ms.iter().filter(|time| time.is_finite() && **time > 0.0);
        times.map(|time| time.ln()).collect()
    }
}

/// Returns the standard deviation; `None` for fewer than three values.
fn deviation(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() >= 3).then(|| (squares / (count - 1.0)).sqrt())
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
    fn a_single_given_time_is_no_distribution() {
        assert_eq!(Baseline::given(&[]), None);
        assert_eq!(Baseline::given(&[300.0]), Some((300.0, Baseline::default())));
        let (service_ms, baseline) = Baseline::given(&[300.0, 100.0, 200.0]).unwrap();
        assert_eq!((service_ms, baseline.before_ms), (200.0, vec![300.0, 100.0, 200.0]));
    }

    #[test]
    fn joined_baselines_keep_their_trend() {
        let part = |times: &[f64]| Baseline { warm_up_ms: Some(times[0]), ..Baseline::new(times.to_vec()) };
        let joined = Baseline::joined(&[part(&[10.0, 20.0, 30.0]), part(&[11.0, 21.0]), Baseline::default()]);
        assert_eq!(joined.before_ms, [10.0, 11.0, 20.0, 21.0, 30.0]);
        assert_eq!((joined.warm_up_ms, joined.after_ms), (Some(10.0), None));
        assert!(joined.trend().unwrap() > 0.2);
        assert_eq!(Baseline::joined(&[]), Baseline::default());
    }

    #[test]
    fn few_times_show_no_spread_and_no_trend() {
        let baseline = Baseline::new(vec![f64::NAN, 100.0]);
        assert_eq!((baseline.median_ms(), baseline.spread(), baseline.trend()), (Some(100.0), None, None));
        assert_eq!(Baseline::default().median_ms(), None);
    }
}
