//! How long requests alone took.

use judge::trace;
use judge::units::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long requests alone took: one after the other, before the burst and after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// The time of the warm-up request before all others, in milliseconds, above 0; null if there was none, or if it did
    /// other work than the others.
    #[serde(default)]
    pub warm_up_ms: Option<f64>,
    /// The times before the burst in their order, in milliseconds, above 0: up to eight measured ones, or those that the user
    /// gave.
    pub before_ms: Vec<f64>,
    /// The time after the burst, in milliseconds, above 0; null if none was measured.
    #[serde(default)]
    pub after_ms: Option<f64>,
    /// The median time that the requests before the burst were in the handler, by the trace of the embedded host, in milliseconds,
    /// from 0; left out if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler_ms: Option<f64>,
    /// The median of the times before and after the burst, in milliseconds.
    pub median_ms: f64,
    /// The standard deviation of the natural logarithm of the times before and after the burst, from 0: 0.1 means that they
    /// vary by about 10 %. Null for fewer than three times.
    #[serde(default)]
    pub spread: Option<f64>,
    /// The change from each time before the burst to the next, as a share above -1: 0.1 means that each took 10 % longer
    /// than the one before. Null for fewer than three times.
    #[serde(default)]
    pub trend: Option<f64>,
}

impl Baseline {
    /// Returns the rounded times with their statistics; `None` if there are no times.
    pub fn of(baseline: &trace::Baseline) -> Option<Self> {
        let ms = |ms: f64| rounded(ms, 3);
        let share = |share: f64| rounded(share, 4);
        Some(Self {
            warm_up_ms: baseline.warm_up_ms.map(ms),
            before_ms: baseline.before_ms.iter().copied().map(ms).collect(),
            after_ms: baseline.after_ms.map(ms),
            handler_ms: baseline.handler_ms.map(ms),
            median_ms: ms(baseline.median_ms()?),
            spread: baseline.spread().map(share),
            trend: baseline.trend().map(share),
        })
    }

    /// Returns the times, as the judge reads them.
    pub fn times(&self) -> trace::Baseline {
        trace::Baseline {
            warm_up_ms: self.warm_up_ms,
            before_ms: self.before_ms.clone(),
            after_ms: self.after_ms,
            handler_ms: self.handler_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_baseline_is_rounded_and_has_its_statistics() {
        let times = trace::Baseline {
            warm_up_ms: Some(400.000_4),
            before_ms: vec![100.0, 110.0, 121.0],
            after_ms: Some(109.999_9),
            ..trace::Baseline::default()
        };
        let text = serde_json::to_value(Baseline::of(&times)).unwrap();
        assert_eq!(
            text,
            serde_json::json!({
                "warm_up_ms": 400.0, "before_ms": [100.0, 110.0, 121.0], "after_ms": 110.0,
                "median_ms": 110.0, "spread": 0.0778, "trend": 0.1,
            })
        );
        assert_eq!(Baseline::of(&trace::Baseline::default()), None);
    }

    proptest! {
        #[test]
        fn a_written_baseline_has_the_same_statistics_when_it_is_read(
            before_ms in prop::collection::vec(1.0..1e5_f64, 1..9), after_ms in prop::option::of(1.0..1e5_f64),
        ) {
            let written = Baseline::of(&trace::Baseline { after_ms, ..trace::Baseline::new(before_ms) }).unwrap();
            let text = serde_json::to_string(&written).unwrap();
            let read: Baseline = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &written);
            let again = Baseline::of(&read.times()).unwrap();
            prop_assert_eq!(again.median_ms, written.median_ms);
            // Rounding to a microsecond moves the logarithm of a millisecond by a two-thousandth.
            let close = |a: Option<f64>, b: Option<f64>| a.zip(b).is_none_or(|(a, b)| (a - b).abs() <= 2e-3 * (1.0 + b.abs()));
            prop_assert!(close(again.spread, written.spread) && close(again.trend, written.trend));
        }
    }
}
