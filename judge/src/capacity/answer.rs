//! The search's answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bursts::Bursts;
use super::end::End;
use super::larger::Larger;
use super::observation::Observation;
use super::reasons;
use super::said::Said;
use super::sizes::{Size, Sizes};
use crate::mechanism::Mechanism;
use crate::trace::Baseline;
use crate::units::rounded;
use crate::verdict::Confidence;

/// The factor by which the capacity of a shared resource is uncertain: it rests on the service time, which is accurate to
/// a quarter.
const UNCERTAINTY: f64 = 1.25;

/// What happens to requests beyond the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Beyond {
    /// They wait until another request is done.
    Wait,
    /// The server refuses them.
    Refused,
    /// They slow all others: requests share a resource, such as processors.
    Slow,
}

/// How many requests the server takes at a time, or how many it answers a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The number of requests; null if only its interval is known.
    pub at_a_time: Option<f64>,
    /// The smallest possible number.
    pub at_a_time_low: f64,
    /// The largest possible number; null if no bound is known.
    pub at_a_time_high: Option<f64>,
    /// The number of answers a second, however many requests are sent; null unless a rate limits them.
    #[serde(default)]
    pub per_second: Option<f64>,
    /// The number of requests that a limit on the rate lets through at once; null without such a limit.
    #[serde(default)]
    pub at_once: Option<f64>,
    /// Why it is so, by the judge's models; null if no mechanism is probable enough.
    #[serde(default)]
    pub mechanism: Option<Mechanism>,
    /// Whether the bursts leave open how many requests the server takes at a time.
    #[serde(default)]
    pub inconclusive: bool,
    /// How sure the answer is.
    #[serde(default)]
    pub confidence: Confidence,
    /// Why the answer isn't sure, and what the times look like; empty if it is.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What happens to further requests; null if no burst was too large.
    pub beyond: Option<Beyond>,
    /// The size of the smallest burst with refused requests; null if there is none.
    pub refused_from: Option<usize>,
    /// How the server refused requests, such as `status 503`.
    pub refusal: Option<String>,
    /// Why the search ended.
    pub ended: End,
    /// Why larger bursts can't be measured, if that ended the search.
    pub doubt: Option<String>,
}

/// The number of requests at a time, with its interval; or a rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) k: Option<f64>,
    pub(super) low: f64,
    pub(super) high: Option<f64>,
    pub(super) beyond: Option<Beyond>,
    /// Answers a second, and the number of requests that are let through at once.
    pub(super) rate: Option<(f64, f64)>,
    pub(super) is_open: bool,
}

impl Estimate {
    const fn at_least(low: f64) -> Self {
        Self { k: None, low, high: None, beyond: None, rate: None, is_open: false }
    }

    const fn open(low: f64) -> Self {
        Self { is_open: true, ..Self::at_least(low) }
    }

    fn of(bursts: &Bursts, ended: End) -> Self {
        let sizes = &bursts.sizes;
        if bursts.slower_than_a_queue().is_some() {
            return Self::open(1.0);
        }
        if bursts.is_judged(ended) {
            return by_judge(bursts, ended);
        }
        match sizes.too_large().next() {
            None => Self::at_least(sizes.taken() as f64),
            Some(_) if sizes.is_shared() => shared_resource(sizes, ended),
            Some(_) => match bursts.fresh_took_more() {
                Some(fresh) => over_connections(&fixed_limit(sizes), fresh),
                None => fixed_limit(sizes),
            },
        }
    }
}

impl Answer {
    /// Returns the answer that the bursts give, after a search that ended for this reason. `baseline` has the times of requests
    /// alone.
    pub(super) fn of(bursts: &Bursts, baseline: &Baseline, ended: End) -> Self {
        let observed = bursts.observed;
        let first_refused = observed.iter().filter(|burst| burst.refused > 0).min_by_key(|burst| burst.n);
        let doubt = observed.iter().rev().find_map(|burst| burst.doubt.clone());
        let estimate = Estimate::of(bursts, ended);
        let (confidence, reasons) = reasons::of(bursts, baseline, &estimate, ended);
        Self {
            at_a_time: estimate.k.map(|k| rounded(k, 1)),
            at_a_time_low: rounded(estimate.low, 1),
            at_a_time_high: estimate.high.map(|high| rounded(high, 1)),
            per_second: estimate.rate.map(|(per_second, _)| rounded(per_second, 3)),
            at_once: estimate.rate.map(|(_, at_once)| rounded(at_once, 1)),
            mechanism: reasons::mechanism(bursts, &estimate),
            inconclusive: estimate.is_open,
            confidence,
            reasons,
            beyond: estimate.beyond,
            refused_from: first_refused.map(|burst| burst.n),
            refusal: first_refused.and_then(|burst| burst.refusal.clone()),
            ended,
            doubt: doubt.filter(|_| ended == End::Generator),
        }
    }
}

/// Estimates by what the judge says of the larger bursts.
fn by_judge(bursts: &Bursts, ended: End) -> Estimate {
    let larger = Larger::of(bursts);
    let taken = larger.taken().unwrap_or(1) as f64;
    let is_shared = !bursts.is_varied() && bursts.sizes.is_shared();
    match larger.said() {
        Said::Rate { per_second, burst } => {
            let rate = Some((per_second, burst));
            Estimate { beyond: Some(Beyond::Wait), rate, ..Estimate::at_least(1.0) }
        }
        Said::Parallel => Estimate::at_least(taken),
        _ if is_shared && bursts.pause_took_more().is_none() => shared_resource(&bursts.sizes, ended),
        Said::AtATime { k, low, high } => {
            Estimate { k: Some(k), high: Some(high), beyond: Some(Beyond::Wait), ..Estimate::at_least(low) }
        }
        Said::Refused { k } => {
            Estimate { k: Some(k), high: Some(k), beyond: Some(Beyond::Refused), ..Estimate::at_least(k) }
        }
        Said::Open | Said::Near if ended == End::Found => Estimate::open(taken),
        Said::Open | Said::Near => Estimate::at_least(taken),
    }
}

/// Estimates the capacity of processes to which connections stick: it depends on how the connections spread.
fn over_connections(kept: &Estimate, fresh: &Observation) -> Estimate {
    let high = (!fresh.is_all_at_once()).then_some(fresh.at_once as f64);
    Estimate { k: None, high, ..*kept }
}

/// Estimates the capacity of a shared resource: the effective concurrency E rises to it, and stays there.
fn shared_resource(sizes: &Sizes, ended: End) -> Estimate {
    let most = sizes.iter().map(|(_, size)| size.effective()).fold(1.0, f64::max);
    let is_known = ended == End::Found;
    Estimate {
        k: is_known.then_some(most),
        high: is_known.then_some(most * UNCERTAINTY),
        beyond: Some(Beyond::Slow),
        ..Estimate::at_least((most / UNCERTAINTY).max(1.0))
    }
}

/// Estimates a fixed limit N: N requests take one service time, N + 1 take two.
fn fixed_limit(sizes: &Sizes) -> Estimate {
    let taken = sizes.taken();
    let refused = |size: &Size| size.median(|burst| burst.refused as f64);
    let (first, refused) = sizes.too_large().next().map_or((usize::MAX, 0.0), |(n, size)| (n, refused(size)));
    let beyond = Some(if refused > 0.0 { Beyond::Refused } else { Beyond::Wait });
    let ever_taken = || sizes.iter().filter(|(_, size)| size.all_at_once() > 0);
    let always_taken = ever_taken().filter(|(n, size)| *n <= taken && size.exceeded() == 0);
    let low = always_taken.map(|(n, _)| n).max().unwrap_or(1);
    if first > taken + 1 {
        return Estimate { high: Some((first - 1) as f64), beyond, ..Estimate::at_least(low as f64) };
    }
    // The upper bound: the largest burst that was ever taken, and the first answers of the largest burst of all.
    let once = ever_taken().map(|(n, _)| n).max().unwrap_or(taken);
    let largest = sizes.too_large().next_back().map_or(0, |(_, size)| size.at_once());
    let at_once = if largest == 0 { taken } else { largest };
    Estimate {
        k: Some(taken as f64),
        high: Some(once.max(at_once) as f64),
        beyond,
        ..Estimate::at_least(low.min(at_once) as f64)
    }
}
