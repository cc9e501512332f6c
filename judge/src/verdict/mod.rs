//! From a trace to a verdict.
//!
//! Let s be the service time (the time of one request alone) and T the burst's makespan. If T is near the makespan of a
//! server without limit, the burst is `parallel`. If T is near the makespan of a server that takes one request at a time,
//! it is `sequential`. In between it is `limited` to the k whose completions fit best. Both makespans follow from the
//! measured arrivals, for any schedule.

mod failures;
mod pattern;
mod why;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cause;
use crate::findings::Findings;
use crate::judgement::Judgement;
use crate::mechanism::{self, Mechanism, Name, Parameters};
use crate::trace::Trace;
use crate::units::rounded;

pub use crate::concurrency::effective_concurrency;
pub use crate::judgement::{Confidence, Kind, Shape, is_bottleneck};

/// How a burst was served, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// How the burst was served.
    pub kind: Kind,
    /// The number of requests that were served at a time; null if it is unknown.
    pub at_a_time: Option<f64>,
    /// The smallest possible value of `at_a_time`.
    pub at_a_time_low: Option<f64>,
    /// The largest possible value of `at_a_time`.
    pub at_a_time_high: Option<f64>,
    /// The mechanism that explains the burst; null unless its probability, or that of its class, is at least 0.9.
    #[serde(default)]
    pub mechanism: Option<Mechanism>,
    /// The other mechanisms that may explain it, the most probable first. With `mechanism` null, all of them.
    #[serde(default)]
    pub alternatives: Vec<Mechanism>,
    /// How the answers came; null if they follow no known pattern.
    pub shape: Option<Shape>,
    /// How sure the verdict is.
    pub confidence: Confidence,
    /// What was measured, and what explains it.
    pub why: String,
    /// What to change, or where to look: for the cause that the replies show, otherwise for the mechanism and for each that gives
    /// the same times. Null without either, and if nothing limits the requests.
    pub remedy: Option<String>,
    /// Why the measurement supports no verdict, and what to do; empty if it supports one.
    pub reasons: Vec<String>,
}

/// The probability of a mechanism that the replies show.
const OBSERVED: f64 = 0.99;

/// Judges a burst: how it was served, how many requests at a time, and how sure that is.
///
/// The verdict rests on two sources. First, times: models of servers explain the answers and the requests alone, each with a
/// likelihood; the kind and the mechanism follow from the probabilities of the explanations. Second, the replies, if they
/// tell when a request was in its handler and in which instance: they confirm, contradict or refine what the times say. No
/// cause is named without them.
///
/// Any trace has a verdict, whatever its numbers. Service times are log-normal, with a few per cent of outliers, and vary as
/// much as the requests alone and the burst show. Of a long burst, the models explain the first answers: 250, and four for
/// each request that is served at a time. `docs/judge.md` shows how often verdicts are right.
pub fn judge(trace: &Trace) -> Verdict {
    let findings = Findings::of(trace);
    let judgement = Judgement::of(trace, &findings);
    let range = judgement.range;
    let kind = judgement.kind();
    let (mechanism, alternatives) = mechanisms(&judgement, kind);
    let is_named = mechanism.is_some();
    let remedy = cause::remedy(&judgement).or_else(|| mechanism.as_ref()?.remedy());
    Verdict {
        kind,
        at_a_time: range.map(|range| range.k),
        at_a_time_low: range.map(|range| range.low),
        at_a_time_high: range.map(|range| range.high),
        mechanism,
        alternatives,
        shape: judgement.shape,
        confidence: judgement.confidence,
        why: why::why(&judgement, is_named),
        remedy,
        reasons: judgement.reasons,
    }
}

/// Returns the mechanism that explains a verdict of this kind, and the alternatives. What the replies and the refusals show
/// goes before what the times suggest.
fn mechanisms(judgement: &Judgement, kind: Kind) -> (Option<Mechanism>, Vec<Mechanism>) {
    let (refusals, warm_pool) = (&judgement.findings.refusals, judgement.findings.warm_pool);
    let (mechanism, mut alternatives) = (judgement.mechanism(), judgement.alternatives());
    if let Some(shared) = shared_instance(judgement, kind) {
        return (Some(shared), Vec::new());
    }
    match (kind, refusals, warm_pool) {
        (Kind::Refused, Some(refusals), _) => refusals.split(),
        (Kind::Parallel, _, Some(warm_pool)) => (Some(warm_pool.mechanism()), Vec::new()),
        (_, Some(refusals), _) => {
            // A server without limit has no other mechanism.
            let is_unlimited = mechanism.as_ref().is_none_or(|one| one.name == Name::None);
            match refusals.named().filter(|_| kind == Kind::Parallel && is_unlimited) {
                Some(random) => (Some(random.clone()), alternatives),
                None => {
                    alternatives.extend(refusals.random().cloned());
                    (mechanism, alternatives)
                }
            }
        }
        _ => (mechanism, alternatives),
    }
}

/// Returns shared instances as the mechanism if the replies show that requests blocked each other there.
fn shared_instance(judgement: &Judgement, kind: Kind) -> Option<Mechanism> {
    let sharing = &judgement.findings.sharing;
    let is_blocked = sharing.took_turns > 0 && matches!(kind, Kind::Sequential | Kind::Limited);
    is_blocked.then(|| Mechanism {
        name: Name::SharedInstance,
        parameters: Parameters { at_once: Some(sharing.fullest as f64), ..Parameters::default() },
        or: Vec::new(),
        probability: OBSERVED,
    })
}

impl Verdict {
    /// Returns a verdict that says nothing but its kind.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            at_a_time: None,
            at_a_time_low: None,
            at_a_time_high: None,
            mechanism: None,
            alternatives: Vec::new(),
            shape: None,
            confidence: Confidence::Low,
            why: String::new(),
            remedy: None,
            reasons: Vec::new(),
        }
    }

    /// Returns the verdict with its numbers rounded as in result files.
    pub fn rounded(self) -> Self {
        let tenth = |k: Option<f64>| k.map(|k| rounded(k, 1));
        Self {
            at_a_time: tenth(self.at_a_time),
            at_a_time_low: tenth(self.at_a_time_low),
            at_a_time_high: tenth(self.at_a_time_high),
            mechanism: self.mechanism.map(Mechanism::rounded),
            alternatives: self.alternatives.into_iter().map(Mechanism::rounded).collect(),
            ..self
        }
    }

    /// Returns the sentences on the mechanism: its name, what tells it from others, the alternatives. If the measurement supports
    /// no verdict, the reasons already say what to do.
    pub fn mechanism_sentences(&self) -> Vec<String> {
        let mut sentences = mechanism::sentences(self.mechanism.as_ref(), &self.alternatives);
        if self.mechanism.is_none() && !self.reasons.is_empty() {
            sentences.truncate(1);
        }
        sentences
    }

    /// Returns the verdict's headline: `limited, 4 at a time`, `limited, 20 a second`, or the kind's name.
    pub fn headline(&self) -> String {
        self.kind.headline(self.at_a_time, self.mechanism.as_ref())
    }

    /// Returns what follows the headline: the confidence in parentheses, unless it is high. An inconclusive verdict needs none.
    pub fn confidence_note(&self) -> String {
        match self.confidence {
            Confidence::High => String::new(),
            _ if self.kind == Kind::Inconclusive => String::new(),
            confidence => format!(" ({confidence} confidence)"),
        }
    }
}

#[cfg(test)]
mod tests;
