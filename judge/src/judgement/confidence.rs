//! How sure a verdict is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cross_check::CrossCheck;
use super::kind::Kind;
use super::range::Range;
use super::shape::Shape;
use crate::findings::{Findings, SEQUENTIAL};
use crate::trace::{Failures, MissingData};

/// A stretched burst is surely limited if it takes this many times as long as in parallel: the request alone may have been
/// a third quicker than most.
const SURELY_SLOWED: f64 = 1.8;

/// How sure the verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Another explanation is possible.
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

    /// Returns how sure the verdict is by the makespan, the completions and the handlers' times.
    pub(super) fn of(
        findings: &Findings,
        served: Kind,
        shape: Option<Shape>,
        range: Option<Range>,
        cross_check: CrossCheck,
    ) -> Self {
        let Some(range) = range else { return Self::Low };
        let is_sure = match served {
            Kind::Parallel => is_surely_parallel(findings),
            Kind::Sequential => is_surely_sequential(findings, shape),
            Kind::Limited => is_surely_limited(findings, shape, range),
            Kind::Refused | Kind::Inconclusive => false,
        };
        match cross_check {
            CrossCheck::Disagrees => Self::Low,
            _ if is_sure => Self::High,
            CrossCheck::Agrees if is_counted(findings, served) => Self::High,
            _ => Self::Medium,
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
        if missing.service || missing.failures == Failures::Unknown || missing.requests {
            Self::Medium
        } else {
            Self::High
        }
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

/// No smaller pool may fit as well: a slightly smaller pool hardly changes the makespan. And no request may have been
/// slowed: a small slowdown looks like variation.
fn is_surely_parallel(findings: &Findings) -> bool {
    let (mean, spread) = findings.first_wave.mean_and_spread();
    let is_all = findings.pool().is_some_and(|fit| fit.low == findings.offered && fit.tight_fit);
    is_all && findings.first_wave.waited() == 0 && mean * (1.0 + spread) <= SEQUENTIAL
}

/// A stretched burst is never sure: one core can't be told from more cores with a busy neighbour.
fn is_surely_sequential(findings: &Findings, shape: Option<Shape>) -> bool {
    match shape {
        Some(Shape::Batched) => true,
        Some(Shape::Staircase) => findings.pool().is_some_and(|fit| fit.high == 1 && fit.tight_fit),
        _ => false,
    }
}

/// The interval may contain neither 1 nor all requests: all would be no limit. One or two stragglers are no second wave.
fn is_surely_limited(findings: &Findings, shape: Option<Shape>, range: Range) -> bool {
    let tight_fit = findings.pool().is_some_and(|fit| fit.tight_fit);
    let between = range.low > 1.0 && range.high < findings.offered as f64;
    let waited = findings.first_wave.waited();
    match shape {
        Some(Shape::Waves) => {
            // If all requests were late, a shared processor is possible, too.
            between
                && tight_fit
                && !findings.is_parallel()
                && !findings.first_wave.is_stretched()
                && waited >= 2
                && waited * 10 >= findings.first_wave_size()
        }
        Some(Shape::Stretched) => between && findings.effective * SURELY_SLOWED < findings.offered as f64,
        Some(Shape::Batched) => between,
        _ => false,
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
