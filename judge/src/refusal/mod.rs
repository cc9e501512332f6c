//! Why requests were turned away: one file per mechanism.
//!
//! Each mechanism has a likelihood of which requests were refused, and when: a cap takes the first that come and refuses
//! the others at once, a deadline refuses after a fixed wait, and failures at random know neither load nor order. The
//! posterior probabilities follow with priors, with the habits of servers ([`status`]), and with a penalty for each
//! fitted parameter.

mod concurrency_cap;
mod evidence;
mod explanation;
mod load;
mod order;
mod queue_deadline;
mod random_failures;
mod rate_cap;
mod slots;
mod status;
mod waits;

use crate::mechanism::{Mechanism, NAMED, Name};
use crate::trace::Trace;
use crate::units;

use evidence::sum_of_logs;
use explanation::Explanation;
use load::Load;
use waits::Waits;

/// The likelihoods are not exact, so their logarithms are divided by this.
const TEMPER: f64 = 2.5;
/// Mechanisms give the same burst if the logarithms of their likelihoods differ by at most this.
const SAME: f64 = 2.0;
/// An alternative is mentioned from this probability on.
const MENTIONED: f64 = 0.01;
/// Failures at random change the kind of the verdict from this probability on.
const PROBABLE: f64 = 0.5;

/// Why requests were turned away.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusals {
    /// The classes of mechanisms, the most probable first.
    pub(crate) mechanisms: Vec<Mechanism>,
}

impl Refusals {
    /// Returns `None` if the burst has no refusals, or nothing but refusals.
    pub(crate) fn of(trace: &Trace) -> Option<Self> {
        explain(trace).map(|mechanisms| Self { mechanisms })
    }

    /// Returns the mechanism if its class is probable enough to be named.
    pub(crate) fn named(&self) -> Option<&Mechanism> {
        self.mechanisms.first().filter(|one| one.probability >= NAMED)
    }

    /// Returns what the server did, with a space before it; `None` if no mechanism is named.
    pub(crate) fn sentence(&self) -> Option<String> {
        let Mechanism { name, parameters, .. } = self.named()?;
        match name {
            Name::ConcurrencyCap => {
                Some(format!(" It refused requests while {} were in the server.", parameters.limit?))
            }
            Name::RateCap => {
                let then = parameters
                    .per_second
                    .map(|rate| format!(", and then about {} per second", figures(rate)));
                Some(format!(" It took {} at once{}.", parameters.burst?, then.unwrap_or_default()))
            }
            Name::QueueDeadline => {
                let waited = units::time(parameters.delay_ms?);
                Some(format!(" It refused requests that had waited for {waited}."))
            }
            _ => None,
        }
    }

    /// Returns the mechanism if it is to be named, and the alternatives that are worth a mention.
    pub(crate) fn split(&self) -> (Option<Mechanism>, Vec<Mechanism>) {
        let named = self.named().cloned();
        let rest = self.mechanisms.iter().skip(usize::from(named.is_some()));
        (named, rest.filter(|one| one.probability >= MENTIONED).cloned().collect())
    }

    /// Returns the failures at random, with their probability.
    pub(crate) fn random(&self) -> Option<&Mechanism> {
        self.mechanisms.iter().find(|one| one.name == Name::RandomFailures)
    }

    /// Whether it is clear that the refusals depend on the load, or that they don't.
    pub(crate) fn is_clear(&self) -> bool {
        let random = self.random();
        random.is_none_or(|one| one.probability >= NAMED || one.probability <= 1.0 - NAMED)
    }

    /// Returns the share of requests that failed, if they probably failed at random: the burst is judged by its answers
    /// then.
    pub(crate) fn random_share(&self) -> Option<f64> {
        let random = self.random();
        random.filter(|one| one.probability >= PROBABLE)?.parameters.share
    }
}

/// Returns a number with two digits.
fn figures(value: f64) -> String {
    if value >= 10.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Returns the mechanisms that may have turned requests away, the most probable first. Mechanisms that give the same burst
/// form a class. `None` if the burst has no refusals, or nothing but refusals.
pub(crate) fn explain(trace: &Trace) -> Option<Vec<Mechanism>> {
    let load = Load::of(trace)?;
    let waits = Waits::of(&load);
    let explain =
        [concurrency_cap::explain, rate_cap::explain, queue_deadline::explain, random_failures::explain];
    let explanations = explain.map(|explain| explain(&load, &waits));
    let logs = explanations
        .map(|one| one.evidence / TEMPER + one.prior.ln() + status::probability(trace, one.name).ln());
    let all = sum_of_logs(&logs);
    let mut ranked: Vec<(Explanation, f64)> =
        explanations.into_iter().zip(logs.map(|log| (log - all).exp())).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    Some(classes(&ranked))
}

/// Joins mechanisms that give the same burst. Failures at random stay apart: they don't depend on the load.
fn classes(ranked: &[(Explanation, f64)]) -> Vec<Mechanism> {
    let mut classes: Vec<(f64, Mechanism)> = Vec::new();
    for (one, probability) in ranked {
        let is_random = one.name == Name::RandomFailures;
        let same = classes.iter_mut().find(|(evidence, class)| {
            !is_random && class.name != Name::RandomFailures && (evidence - one.evidence).abs() <= SAME
        });
        if let Some((_, class)) = same {
            class.or.push(one.name);
            class.probability += probability;
        } else {
            let Explanation { name, parameters, .. } = *one;
            classes.push((
                one.evidence,
                Mechanism { name, parameters, or: Vec::new(), probability: *probability },
            ));
        }
    }
    classes.sort_by(|a, b| b.1.probability.total_cmp(&a.1.probability));
    classes.into_iter().map(|(_, class)| class).collect()
}

#[cfg(test)]
mod tests;
