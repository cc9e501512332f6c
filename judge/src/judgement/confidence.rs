//! How sure a verdict is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cross_check::CrossCheck;
use crate::findings::Findings;
use crate::kind::Kind;
use crate::trace::{Failures, MissingData};

/// The least probability of a kind for a sure verdict, for a probable one, and for any.
const SURE: f64 = 0.99;
const PROBABLE: f64 = 0.9;
pub(super) const POSSIBLE: f64 = 0.7;

/// How sure the verdict is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Another explanation is possible.
    #[default]
    Low,
    /// The verdict is probably right.
    Medium,
    /// At least 99 of 100 such verdicts are right.
    High,
}

impl Confidence {
    /// Returns the name in texts and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Returns how sure a kind of this probability is, by the times and the handlers' times.
    pub(super) fn of(findings: &Findings, served: Kind, probability: f64, cross_check: CrossCheck) -> Self {
        let has_rival = findings.posterior.as_ref().is_some_and(|posterior| posterior.has_rival(served))
            && !findings.sharing.batched;
        let describes = findings.explanation().is_some() || findings.sharing.batched;
        match cross_check {
            _ if matches!(served, Kind::Refused | Kind::Inconclusive) => Self::Low,
            CrossCheck::Disagrees => Self::Low,
            CrossCheck::Agrees if is_counted(findings, served) => Self::High,
            _ if probability >= SURE && describes && !has_rival => Self::High,
            _ if probability >= PROBABLE => Self::Medium,
            _ => Self::Low,
        }
    }

    /// Returns the highest confidence for a burst with refusals: if it is unclear whether they depend on the load, so is the
    /// kind.
    pub(super) fn limit_of_refusals(findings: &Findings) -> Self {
        match &findings.refusals {
            Some(refusals) if !refusals.is_clear() => Self::Medium,
            _ => Self::High,
        }
    }

    /// Returns the highest confidence for a trace with missing data: a guessed service time and unknown failures might
    /// change the verdict.
    pub(super) fn limit(missing: &MissingData) -> Self {
        if missing.service || missing.failures == Failures::Unknown { Self::Medium } else { Self::High }
    }
}

/// Whether the handlers' times alone decide: all requests were in handlers at once, or some and never more.
fn is_counted(findings: &Findings, served: Kind) -> bool {
    match findings.handlers_at_once() {
        Some(count) if served == Kind::Parallel => count == findings.offered,
        Some(count) if served == Kind::Limited => 1 < count && count < findings.offered,
        _ => false,
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
