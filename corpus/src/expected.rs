//! The truth about a recording in the terms of `simulator::evaluation`.

use judge::verdict::Verdict;
use simulator::scenarios::{NoiseClass, Truth};

use crate::Entry;

impl Entry {
    /// Returns the truth to compare a verdict with. Any number of [`crate::Truth::range`] is right: `k` is the one
    /// nearest to the verdict's interval.
    pub fn expected(&self, verdict: &Verdict) -> Truth {
        let truth = &self.truth;
        let k = truth.range().map(|(least, most)| {
            let k = truth.k.unwrap_or(least);
            let k = verdict.at_a_time_low.map_or(k, |low| k.max(low));
            let k = verdict.at_a_time_high.map_or(k, |high| k.min(high));
            k.min(most).max(least)
        });
        Truth {
            mechanism: truth.mechanisms.first().copied(),
            class: truth.mechanisms.clone(),
            kinds: truth.kinds.clone(),
            k: k.filter(|_| truth.exceeds),
            pool: None,
            spread: self.trace.baseline.spread().unwrap_or(0.0),
            exceeds: truth.exceeds,
            noise: if truth.busy { NoiseClass::Neighbours } else { NoiseClass::Quiet },
        }
    }
}
