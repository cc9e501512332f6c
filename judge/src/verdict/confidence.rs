//! How many were served at a time, give or take what, and how sure that is.

use super::findings::{Findings, PARALLEL, SEQUENTIAL};
use super::kind::{Confidence, Kind, Shape};
use crate::trace::{Failures, MissingData};

/// Fewer requests than this don't show how much they vary.
const FEW: usize = 30;

/// What is parallel still, by a request alone that was a third quicker than most.
const QUICK: f64 = 1.8;

/// How many were served at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub k: f64,
    pub low: f64,
    pub high: f64,
}

/// What the replies' own times say of the verdict that the answers' times gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossCheck {
    /// Nothing.
    Silent,
    /// The same.
    Agrees,
    /// Something else.
    Disagrees,
}

impl Range {
    pub fn of(findings: &Findings, served: Kind, shape: Option<Shape>) -> Option<Self> {
        let (offered, effective) = (findings.offered as f64, findings.effective);
        let range = |k: f64, low: f64, high: f64| Some(Self { k, low: low.min(k), high: high.max(k) });
        match (served, shape) {
            (Kind::Parallel, _) => {
                let low = if findings.answered <= findings.offered {
                    effective
                } else {
                    findings.pool().map_or(effective, |fit| fit.low as f64)
                };
                range(offered, low.min(offered), offered)
            }
            (Kind::Sequential, _) => range(1.0, 1.0, effective),
            (Kind::Limited, Some(Shape::Batched)) => {
                // Each instance serves one at a time; some may be partly full.
                let (low, high) = shared(findings);
                let instances = (findings.sharing.instances as f64).min(offered);
                range(instances, low, high)
            }
            (Kind::Limited, Some(Shape::Stretched)) => {
                let (low, high) = shared(findings);
                range(effective, low, high)
            }
            (Kind::Limited, _) => {
                findings.fit.as_ref().and_then(|fit| range(fit.k as f64, fit.low as f64, fit.high as f64))
            }
            _ => None,
        }
    }

    /// Makes it what the replies count, where the answers' times allow that.
    pub fn counted(self, findings: &Findings, served: Kind, cross_check: CrossCheck) -> Self {
        match findings.seen_inside() {
            Some(inside) if served == Kind::Limited && cross_check == CrossCheck::Agrees => {
                let k = inside as f64;
                Self { k, low: k, high: k }
            }
            _ => self,
        }
    }
}

/// The least and the most that share what stretches all alike. No answer came in a wave that could be
/// counted: the time that one takes alone decides. It is as good as the requests are alike, and that to
/// a quarter at best.
fn shared(findings: &Findings) -> (f64, f64) {
    let (_, spread) = findings.first.typical();
    // The shorter requests leave early and speed up the rest: answers are half as far apart as the work.
    let varies = (2.4 * spread / (1.0 + spread)).min(0.6);
    let effective = findings.effective;
    // Of a few, the spread isn't known; and the one alone is one of them.
    let (least_low, least_high) =
        if findings.answered < FEW { (1.35, 1.45) } else { (SEQUENTIAL, 1.0 / PARALLEL) };
    let (low, high) = (least_low.max(1.0 + varies), least_high.max(1.0 / (1.0 - varies)));
    ((effective / low).max(1.0), (effective * high).min(findings.offered as f64))
}

/// What the replies say of it.
pub fn cross_check(findings: &Findings, range: Option<Range>) -> CrossCheck {
    let Some((Range { low, high, .. }, overlap)) = range.zip(findings.overlap.as_ref()) else {
        return CrossCheck::Silent;
    };
    // No more can be served than are inside.
    if (overlap.all as f64) < low.floor() * 0.9 {
        return CrossCheck::Disagrees;
    }
    match findings.seen_inside().map(|inside| inside as f64) {
        None => CrossCheck::Silent,
        Some(inside) if inside > high.ceil() * 1.15 => CrossCheck::Disagrees,
        Some(_) => CrossCheck::Agrees,
    }
}

/// How sure it is that this many were served, as the two witnesses and the replies have it.
pub fn confidence(
    findings: &Findings,
    served: Kind,
    shape: Option<Shape>,
    range: Option<Range>,
    cross_check: CrossCheck,
) -> Confidence {
    let Some(range) = range else { return Confidence::Low };
    let sure = match served {
        Kind::Parallel => is_surely_parallel(findings),
        Kind::Sequential => is_surely_sequential(findings, shape),
        Kind::Limited => is_surely_limited(findings, shape, range),
        Kind::Refused | Kind::Inconclusive => false,
    };
    let plausible = served != Kind::Limited || shape.is_some();
    match (sure, plausible, cross_check) {
        (_, _, CrossCheck::Disagrees) | (false, false, _) => Confidence::Low,
        (true, ..) => Confidence::High,
        (false, true, CrossCheck::Agrees) if is_counted(findings, served) => Confidence::High,
        (false, true, _) => Confidence::Medium,
    }
}

/// The most that what a trace lacks leaves: a service time that was guessed and failures that may be missing
/// might change the verdict.
pub fn ceiling(missing: &MissingData) -> Confidence {
    if missing.service || missing.failures == Failures::Unseen || missing.summary {
        Confidence::Medium
    } else {
        Confidence::High
    }
}

/// Whether the replies settle it alone: all were inside at once, or some and never more.
fn is_counted(findings: &Findings, served: Kind) -> bool {
    match findings.seen_inside() {
        Some(inside) if served == Kind::Parallel => inside == findings.offered,
        Some(inside) if served == Kind::Limited => 1 < inside && inside < findings.offered,
        _ => false,
    }
}

/// A pool that is a little smaller hardly shows in the makespan: none may fit as well. And what is slowed
/// a little hardly differs from what varies a little.
fn is_surely_parallel(findings: &Findings) -> bool {
    let (mean, spread) = findings.first.typical();
    let is_all = findings.pool().is_some_and(|fit| fit.low == findings.offered && fit.tight_fit);
    is_all && findings.first.waited() == 0 && mean * (1.0 + spread) <= SEQUENTIAL
}

/// One core, or more of them with a busy neighbour: that can't be told apart.
fn is_surely_sequential(findings: &Findings, shape: Option<Shape>) -> bool {
    match shape {
        Some(Shape::Batched) => true,
        Some(Shape::Staircase) => findings.pool().is_some_and(|fit| fit.high == 1 && fit.tight_fit),
        _ => false,
    }
}

/// What might be all of them might be no limit, and a straggler or two are no second wave.
fn is_surely_limited(findings: &Findings, shape: Option<Shape>, range: Range) -> bool {
    let tight_fit = findings.pool().is_some_and(|fit| fit.tight_fit);
    let between = range.low > 1.0 && range.high < findings.offered as f64;
    let waited = findings.first.waited();
    match shape {
        Some(Shape::Waves) => {
            // Where all came late, a shared processor could be why as well.
            between
                && tight_fit
                && !findings.is_parallel()
                && !findings.first.is_stretched()
                && waited >= 2
                && waited * 10 >= findings.first_wave()
        }
        // What one takes alone was measured once: it may have been a quick one.
        Some(Shape::Stretched) => between && findings.effective * QUICK < findings.offered as f64,
        Some(Shape::Batched) => between,
        _ => false,
    }
}

impl Findings {
    fn first_wave(&self) -> usize {
        self.offered.min(self.answered)
    }
}
