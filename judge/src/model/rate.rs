//! A rate limit: starts are paced by a token bucket; any number of requests may be in service.

use super::{Burst, Explanation, Fitter, Model};
use crate::likelihood::{Capacity, Hypothesis, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.5;

pub(super) struct Rate;

impl Model for Rate {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let mut buckets = vec![1, burst.at_first()];
        buckets.dedup();
        buckets.into_iter().filter_map(|bucket| explain(fitter, bucket)).collect()
    }
}

impl Burst {
    /// Returns the number of answers that came about when a request alone would have.
    pub(super) fn at_first(&self) -> usize {
        let first = self.observed.done.first().copied().unwrap_or(0.0);
        let until = first + (self.alone * (0.12 + 2.0 * self.spread)).min(0.6 * self.alone);
        self.observed.done.partition_point(|done| *done <= until).max(1)
    }

    /// Returns the mean gap between answers after the first `skip`.
    pub(super) fn mean_gap(&self, skip: usize) -> Option<f64> {
        let done = &self.observed.done;
        let first = done.get(skip.max(1) - 1)?;
        let count = done.len() - skip.max(1);
        (count >= 2).then(|| (self.observed.end() - first) / count as f64).filter(|gap| *gap > 0.0)
    }
}

fn explain(fitter: &Fitter, bucket: usize) -> Option<Explanation> {
    let burst = fitter.burst;
    let gap = burst.mean_gap(bucket)?;
    // A gap that no one could see is no rate limit.
    if gap < burst.alone * 2e-4 {
        return None;
    }
    let fitted = fitter.fit(fitter.service(), &[gap.ln()], &[0.02], 45, |service, at| {
        Some(Hypothesis {
            ready: starts(&burst.observed.arrivals, at[0].exp(), bucket),
            capacity: Capacity::Unlimited,
            speed: Speed::Full,
            service,
        })
    })?;
    let gap = fitted.parameters[0].exp();
    Some(Explanation {
        name: Name::RateLimit,
        parameters: Parameters {
            per_second: Some(1.0 / gap),
            burst: Some(bucket as f64),
            ..Parameters::default()
        },
        log: fitted.log,
        prior: PRIOR.ln() + fitter.penalty(1 + usize::from(bucket > 1)),
        kind: burst.kind(&fitted.service),
        k: None,
        hypothesis: Some(fitted.hypothesis),
    })
}

/// Returns the starts of requests at a token bucket of this size, with one token every `gap` seconds. The bucket is full at
/// first.
///
/// This is the generic cell rate algorithm (ITU-T I.371) with delays in place of refusals.
pub(super) fn starts(arrivals: &[f64], gap: f64, bucket: usize) -> Vec<f64> {
    let allowance = gap * (bucket.max(1) - 1) as f64;
    let mut due = 0.0_f64;
    let start = |arrival: &f64| {
        let start = arrival.max(due - allowance);
        due = due.max(*arrival) + gap;
        start
    };
    arrivals.iter().map(start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_its_size_through_and_then_paces() {
        assert_eq!(starts(&[0.0; 4], 0.5, 1), [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(starts(&[0.0; 4], 0.5, 3), [0.0, 0.0, 0.0, 0.5]);
        assert_eq!(starts(&[0.0, 2.0, 2.0], 0.5, 1), [0.0, 2.0, 2.5]);
    }
}
