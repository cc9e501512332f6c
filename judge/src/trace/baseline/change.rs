//! Clear changes among the requests alone. They are evidence: a cold start, a cache, a rate limiter.

use super::{Baseline, deviation};
use crate::{stats, units};

/// A shorter difference may be the network's or the client's, in milliseconds.
const LEAST_DIFFERENCE_MS: f64 = 1.0;
/// The least factor of a clear change.
const LEAST_FACTOR: f64 = 1.5;
/// The least factor if the spread of the times is unknown.
const LEAST_FACTOR_OF_FEW: f64 = 3.0;
/// The least Kendall tau of a trend, and the least number of times. By chance, one of fifty baselines reaches it.
const LEAST_TAU: f64 = 0.85;
const LEAST_TREND: usize = 5;
/// The least number of times that show a step.
const LEAST_STEP: usize = 4;
/// A step exceeds the differences on either side of it by this factor.
const STEP_OVER_RANGE: f64 = 2.0;

impl Baseline {
    /// Returns the warm-up's time as a multiple of the median time before the burst, if it clearly differs. Above 1: a cold
    /// start, or a cache that the warm-up filled. Below 1: a rate limiter may have paced the requests after it.
    pub fn warm_up_ratio(&self) -> Option<f64> {
        self.clear_ratio(self.warm_up_ms?)
    }

    /// Returns the time after the burst as a multiple of the median time before it, if it clearly differs. Above 1: the server
    /// was still busy, or a rate limiter paced the request. Below 1: the burst warmed the server up.
    pub fn after_ratio(&self) -> Option<f64> {
        self.clear_ratio(self.after_ms?)
    }

    /// Returns the last times before the burst as a multiple of the first ones, if they clearly changed: in one step, or little
    /// by little. Above 1: a rate limiter, or a server that gets slower. Below 1: a server that warms up.
    pub fn drift_ratio(&self) -> Option<f64> {
        let logs = self.before_logs();
        let change = step(&logs).or_else(|| self.steady_change(&logs))?;
        let middle = stats::median(logs)?.exp();
        let is_clear =
            change.abs() >= LEAST_FACTOR.ln() && middle * change.abs().exp_m1() >= LEAST_DIFFERENCE_MS;
        is_clear.then(|| change.exp())
    }

    /// Returns the clear changes before the burst, one sentence each, with what they may mean.
    pub fn changes_before(&self) -> Vec<String> {
        let warm_up = self.warm_up_ratio().map(|ratio| {
            let cause = if ratio > 1.0 {
                "a cold start, or a cache that it filled"
            } else {
                "a rate limiter may have paced the requests after it"
            };
            let [warm_up, before] = [self.warm_up_ms, self.before_ms()].map(text);
            format!("The warm-up request took {warm_up}, and the requests alone after it {before}: {cause}.")
        });
        let drift = self.drift_ratio().map(|ratio| match ratio > 1.0 {
            true => format!(
                "The requests alone became {ratio:.1} times slower: a rate limiter, or a server that gets slower."
            ),
            false => {
                format!("The requests alone became {:.1} times quicker: the server was warming up.", 1.0 / ratio)
            }
        });
        warm_up.into_iter().chain(drift).collect()
    }

    /// Returns a sentence if the time after the burst clearly differs from those before it, with what it may mean.
    pub fn change_after(&self) -> Option<String> {
        let cause = match self.after_ratio()? > 1.0 {
            true => "the server was still busy, or a rate limiter paced the request",
            false => "the burst warmed the server up",
        };
        let [after, before] = [self.after_ms, self.before_ms()].map(text);
        Some(format!("A request alone took {after} after the burst, and {before} before it: {cause}."))
    }

    /// Returns the median time before the burst.
    fn before_ms(&self) -> Option<f64> {
        stats::median(self.before_logs()).map(f64::exp)
    }

    /// Returns `ms` as a multiple of the median time before the burst, if it is beyond all of these times, and farther from
    /// them than their spread explains.
    fn clear_ratio(&self, ms: f64) -> Option<f64> {
        let logs = self.before_logs();
        let log = Some(ms).filter(|ms| ms.is_finite() && *ms > 0.0)?.ln();
        let middle = stats::median(logs.clone())?;
        // The fewer times, the less certain is their spread.
        let spreads = if logs.len() >= 5 { 4.0 } else { 8.0 };
        let least = match deviation(&logs) {
            Some(spread) => LEAST_FACTOR.ln().max(spreads * spread),
            None => LEAST_FACTOR_OF_FEW.ln(),
        };
        let is_beyond = logs.iter().all(|other| *other < log) || logs.iter().all(|other| *other > log);
        let is_clear =
            is_beyond && (log - middle).abs() >= least && (ms - middle.exp()).abs() >= LEAST_DIFFERENCE_MS;
        is_clear.then(|| (log - middle).exp())
    }

    /// Returns the change from the first time to the last, as a logarithm, if nearly all pairs changed in its direction.
    ///
    /// Source: Kendall, "A New Measure of Rank Correlation", 1938; the size is that of [`Baseline::trend`].
    fn steady_change(&self, logs: &[f64]) -> Option<f64> {
        let pairs = (0..logs.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let signs: Vec<f64> = pairs.map(|(i, j)| sign(logs[i] - logs[j])).collect();
        let tau = signs.iter().sum::<f64>() / signs.len() as f64;
        let is_steady = logs.len() >= LEAST_TREND && tau.abs() >= LEAST_TAU;
        is_steady.then(|| self.trend()).flatten().map(|trend| trend.ln_1p() * (logs.len() - 1) as f64)
    }
}

/// Returns the step from the times before a point to those after it, as a logarithm, if there is a clear one. One late time
/// alone is no step: it may be an outlier.
fn step(logs: &[f64]) -> Option<f64> {
    if logs.len() < LEAST_STEP {
        return None;
    }
    (1..logs.len() - 1).find_map(|at| {
        let (earlier, later) = logs.split_at(at);
        let [(low, high), (later_low, later_high)] = [range(earlier), range(later)];
        let gap = (later_low - high).max(low - later_high);
        let widest = (high - low).max(later_high - later_low);
        let change = stats::median(later.to_vec())? - stats::median(earlier.to_vec())?;
        (gap >= LEAST_FACTOR.ln() && gap >= STEP_OVER_RANGE * widest).then_some(change)
    })
}

fn text(ms: Option<f64>) -> String {
    units::time(ms.unwrap_or_default())
}

fn range(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn steady() -> Baseline {
        Baseline::new(vec![100.0, 101.0, 99.0, 100.5, 102.0, 98.0, 100.0, 101.0])
    }

    #[test]
    fn a_warm_up_that_clearly_differs_is_told_with_its_causes() {
        let slow = Baseline { warm_up_ms: Some(400.0), ..steady() };
        assert!((slow.warm_up_ratio().unwrap() - 4.0).abs() < 0.1);
        assert!(
            slow.changes_before()[0].contains("took 400 ms")
                && slow.changes_before()[0].contains("cold start")
        );
        // A leaky bucket: the warm-up took the free place.
        let paced = Baseline { warm_up_ms: Some(5.0), ..Baseline::new(vec![300.0; 8]) };
        assert!(paced.changes_before()[0].contains("rate limiter"), "{:?}", paced.changes_before());
        assert_eq!(Baseline { warm_up_ms: Some(120.0), ..steady() }.changes_before(), [""; 0]);
    }

    #[test]
    fn a_difference_within_the_spread_or_below_a_millisecond_is_no_evidence() {
        let varied = Baseline::new(vec![50.0, 100.0, 200.0, 70.0, 140.0, 100.0]);
        let varied = Baseline { warm_up_ms: Some(300.0), after_ms: Some(30.0), ..varied };
        assert_eq!((varied.changes_before(), varied.change_after()), (vec![], None));
        let quick = Baseline { warm_up_ms: Some(1.1), ..Baseline::new(vec![0.2; 8]) };
        assert_eq!(quick.warm_up_ratio(), None);
        let few = Baseline { warm_up_ms: Some(4_000.0), ..Baseline::new(vec![2_000.0]) };
        assert_eq!(few.warm_up_ratio(), None);
    }

    #[test]
    fn a_time_after_the_burst_that_clearly_differs_is_told() {
        let after = |ms| Baseline { after_ms: Some(ms), ..steady() };
        assert!(after(1_000.0).after_ratio().unwrap() > 9.0);
        assert!(after(1_000.0).change_after().unwrap().contains("still busy"));
        assert!(after(10.0).change_after().unwrap().contains("warmed the server up"));
        assert_eq!(after(103.0).change_after(), None);
    }

    #[test]
    fn a_step_and_a_trend_are_drifts_and_an_outlier_is_none() {
        // A token bucket of three.
        let bucket = Baseline::new(vec![5.0, 5.2, 4.9, 50.0, 50.3, 49.9, 50.1, 50.0]);
        assert!((bucket.drift_ratio().unwrap() - 10.0).abs() < 0.5);
        assert!(bucket.changes_before()[0].contains("slower"));
        let warming = Baseline::new(vec![100.0, 80.0, 65.0, 50.0, 42.0, 33.0]);
        assert!(warming.drift_ratio().is_some_and(|ratio| (0.2..0.5).contains(&ratio)));
        assert!(warming.changes_before()[0].contains("warming up"));
        for calm in [vec![100.0, 101.0, 99.0, 100.0, 900.0], vec![1.0, 2.0, 1.0, 2.0], vec![1.0, 5.0], vec![]]
        {
            assert_eq!(Baseline::new(calm.clone()).drift_ratio(), None, "{calm:?}");
        }
    }

    proptest! {
        #[test]
        fn any_times_have_finite_statistics(
            before in prop::collection::vec(any::<f64>(), 0..9), ends in any::<[Option<f64>; 2]>(),
        ) {
            let baseline = Baseline { warm_up_ms: ends[0], after_ms: ends[1], ..Baseline::new(before) };
            let ratios = [baseline.warm_up_ratio(), baseline.drift_ratio(), baseline.after_ratio()];
            prop_assert!(ratios.into_iter().flatten().all(|ratio| ratio >= 0.0));
            prop_assert!(baseline.changes_before().len() <= 2);
            prop_assert_eq!(baseline.change_after().is_some(), baseline.after_ratio().is_some());
            prop_assert!(baseline.spread().is_none_or(f64::is_finite));
        }

        #[test]
        fn times_within_a_fifth_of_each_other_never_drift(
            logs in prop::collection::vec(-0.1..0.1_f64, 8),
        ) {
            let baseline = Baseline::new(logs.iter().map(|log| 100.0 * log.exp()).collect());
            prop_assert_eq!(baseline.drift_ratio(), None);
        }
    }
}
