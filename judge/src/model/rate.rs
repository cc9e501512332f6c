//! A rate limit: starts are paced by a token bucket; any number of requests may be in service.

use std::ops::Range;

use super::{Burst, Explanation, Fitter, Model};
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.5;
/// A burst that a rate stretches by a smaller share of the service time shows no limit: the answers of a server without limit
/// are as far apart.
const LEAST_STRETCH: f64 = 0.15;
/// The part of a gap that is told from none, which a bucket of two gives, and from a whole one.
const PART_OF_A_GAP: Range<f64> = 0.1..0.85;
/// A warm-up request that took a smaller share of the time of those alone was not paced as they were.
const MOST_WARM_UP: f64 = 0.7;
/// Tokens come at even times.
const MOST_SPREAD_OF_TOKENS: f64 = 0.08;
/// How improbable such a warm-up request is at any other server, as a logarithm: its service would have to differ.
const QUICK_WARM_UP: f64 = 8.0;

pub(super) struct Rate;

impl Model for Rate {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let mut buckets = vec![1, burst.at_first()];
        buckets.dedup();
        let paced = paced_alone(fitter);
        let by_bucket = buckets.into_iter().filter_map(|bucket| explain(fitter, bucket));
        by_bucket.chain(ticking(fitter)).chain(paced).collect()
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
    let (name, parameters) = match stretches(burst, gap, bucket) {
        true => (Name::RateLimit, parameters(gap, bucket)),
        false => (Name::None, Parameters::default()),
    };
    let prior = PRIOR.ln() + fitter.penalty(1 + usize::from(bucket > 1));
    let kind = burst.kind(&fitted.service);
    Some(Explanation::new(name, parameters, (fitted.log, prior), kind, fitted.hypothesis))
}

/// Returns the parameters of a bucket of this size with one token every `gap` seconds.
fn parameters(gap: f64, bucket: usize) -> Parameters {
    Parameters { per_second: Some(1.0 / gap), burst: Some(bucket as f64), ..Parameters::default() }
}

/// Whether a rate with this gap delays the last answers noticeably.
fn stretches(burst: &Burst, gap: f64, bucket: usize) -> bool {
    let delayed = burst.answers().saturating_sub(bucket);
    gap * delayed as f64 >= LEAST_STRETCH * burst.alone
}

/// Tokens come at the ticks of a clock, whenever requests come, and one waits for a request: the second request waits for a part
/// of a gap.
fn ticking(fitter: &Fitter) -> Option<Explanation> {
    let burst = fitter.burst;
    let gap = burst.mean_gap(2)?;
    let wait = burst.observed.done[1] - burst.observed.done[0];
    if !stretches(burst, gap, 1) || !PART_OF_A_GAP.contains(&(wait / gap)) {
        return None;
    }
    let fitted =
        fitter.fit(fitter.service(), &[gap.ln(), wait], &[0.02, 0.05 * gap], 45, |service, at| {
            let (gap, wait) = (at[0].exp(), at[1]);
            (0.0..gap).contains(&wait).then(|| Hypothesis {
                ready: starts_at_ticks(&burst.observed.arrivals, gap, wait),
                capacity: Capacity::Unlimited,
                speed: Speed::Full,
                service,
            })
        })?;
    let parameters = parameters(fitted.parameters[0].exp(), 1);
    let (prior, kind) = (PRIOR.ln() + fitter.penalty(2), burst.kind(&fitted.service));
    Some(Explanation::new(Name::RateLimit, parameters, (fitted.log, prior), kind, fitted.hypothesis))
}

/// The limit paced the requests alone, too: each took as long as a token, but the warm-up request found one.
fn paced_alone(fitter: &Fitter) -> Option<Explanation> {
    let burst = fitter.burst;
    let warm_up = burst.warm_up.filter(|time| *time < MOST_WARM_UP * burst.alone)?;
    if burst.spread > MOST_SPREAD_OF_TOKENS || burst.solos.len() < 2 {
        return None;
    }
    let gap = burst.alone;
    let start = ServiceTime::new(warm_up.ln(), (burst.spread * gap / warm_up).min(0.3));
    // The first token comes within a gap.
    let first = (burst.observed.done[0] - warm_up).clamp(0.0, 0.99 * gap);
    // Only the warm-up request shows the service time.
    let shown = burst.with_alone(warm_up, start.sigma);
    let by_warm_up = Fitter::new(&shown);
    let fitted = by_warm_up.fit(start, &[gap.ln(), first], &[0.005, 0.05 * gap], 45, |service, at| {
        let (gap, first) = (at[0].exp(), at[1]);
        let ready = starts(&burst.observed.arrivals, gap, 1).into_iter().map(|start| start + first);
        (0.0..gap).contains(&first).then(|| Hypothesis {
            ready: ready.collect(),
            capacity: Capacity::Unlimited,
            speed: Speed::Full,
            service,
        })
    })?;
    // The requests alone took a gap each.
    let tokens = ServiceTime::new(fitted.parameters[0], burst.spread.max(burst.least_spread));
    let parameters = parameters(fitted.parameters[0].exp(), 1);
    let log = fitted.log + burst.log_solos(&tokens);
    let prior = PRIOR.ln() + fitter.penalty(2) + QUICK_WARM_UP;
    Some(Explanation::new(Name::RateLimit, parameters, (log, prior), burst.kind(&tokens), fitted.hypothesis))
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

/// Returns the starts of requests if one token is there at first, and one more comes `wait` seconds after the first arrival and
/// then every `gap` seconds. No second token is kept.
fn starts_at_ticks(arrivals: &[f64], gap: f64, wait: f64) -> Vec<f64> {
    let mut tick = arrivals.first().copied().unwrap_or(0.0) + wait;
    let mut has_token = true;
    let start = |arrival: &f64| {
        while tick <= *arrival {
            has_token = true;
            tick += gap;
        }
        if std::mem::take(&mut has_token) {
            return *arrival;
        }
        tick += gap;
        tick - gap
    };
    arrivals.iter().map(start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_at_ticks_come_whenever_requests_come() {
        assert_eq!(starts_at_ticks(&[0.0; 4], 0.5, 0.25), [0.0, 0.25, 0.75, 1.25]);
        assert_eq!(starts_at_ticks(&[0.0, 0.0, 2.0, 2.0], 0.5, 0.25), [0.0, 0.25, 2.0, 2.25]);
    }

    #[test]
    fn a_bucket_lets_its_size_through_and_then_paces() {
        assert_eq!(starts(&[0.0; 4], 0.5, 1), [0.0, 0.5, 1.0, 1.5]);
        assert_eq!(starts(&[0.0; 4], 0.5, 3), [0.0, 0.0, 0.0, 0.5]);
        assert_eq!(starts(&[0.0, 2.0, 2.0], 0.5, 1), [0.0, 2.0, 2.5]);
    }
}
