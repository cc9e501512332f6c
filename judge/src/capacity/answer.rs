//! The search's answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bursts::Bursts;
use super::end::End;
use super::estimate::{Beyond, Estimate};
use super::reasons;
use crate::mechanism::Mechanism;
use crate::trace::Baseline;
use crate::units::rounded;
use crate::verdict::Confidence;

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
    #[serde(rename = "doubt")]
    pub disturbance: Option<String>,
}

impl Answer {
    /// Returns the answer that the bursts give, after a search that ended for this reason. `baseline` has the times of requests
    /// alone.
    pub(super) fn of(bursts: &Bursts, baseline: &Baseline, ended: End) -> Self {
        let observed = bursts.observed;
        let first_refused = observed.iter().filter(|burst| burst.refused > 0).min_by_key(|burst| burst.n);
        let disturbance = observed.iter().rev().find_map(|burst| burst.disturbance.clone());
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
            disturbance: disturbance.filter(|_| ended == End::Generator),
        }
    }
}
