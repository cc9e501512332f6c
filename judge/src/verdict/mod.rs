//! From a trace to a verdict: pure functions, no I/O.
//!
//! With s the time that one request takes alone, and T the time that the burst took: T near what a
//! server without limit needs is `parallel`, T near what a server needs that takes one request at a
//! time is `sequential`, and in between it is `limited` to the k whose completions fit best. When the
//! requests were sent is read from the trace, whatever made them so.

mod arrivals;
mod confidence;
mod effective;
mod findings;
mod fit;
mod hosts;
mod kind;
mod model;
mod overlap;
mod remedy;
mod shape;
mod sharing;
mod validity;
mod why;

pub use effective::effective_concurrency;
pub use kind::{Confidence, Kind, Shape, Verdict};
pub use validity::is_bottleneck;

use crate::trace::{Outcome, Row, Trace};
use confidence::{CrossCheck, Range};
use findings::Findings;

/// What was found in a trace, as sentences need it.
struct Judgement<'a> {
    trace: &'a Trace,
    findings: &'a Findings,
    /// How the answered ones were served.
    served: Kind,
    shape: Option<Shape>,
    range: Option<Range>,
    cross_check: CrossCheck,
    reasons: &'a [String],
}

/// Judges a burst: how it was served, how many at a time, and how sure that is.
///
/// Two witnesses are heard. Time: the makespan beside those of ideal servers under the same arrivals, and the pool
/// whose completions are nearest to those seen, by least absolute deviation. And the replies, where they say when a
/// request was in its handler, and in which instance: they confirm, contradict or settle what time says, and
/// no cause is named without them. Any trace has a verdict, whatever its numbers.
///
/// Service times are taken to vary by 30 % to either side at most, and a pool may be late to take up a burst of several
/// waves, as its server is busy; `docs/judge.md` shows how often it is right.
pub fn judge(trace: &Trace) -> Verdict {
    let findings = Findings::of(trace);
    let mut reasons = validity::reasons(trace, &findings);
    let mut served = if reasons.is_empty() { findings.kind() } else { Kind::Inconclusive };
    let shape = shape::shape(&findings, served);
    if served == Kind::Limited && shape.is_none() {
        reasons.push("the answers follow no pool of any size; try again, or send more requests".to_owned());
        served = Kind::Inconclusive;
    }
    if trace.missing.service && reasons.is_empty() && validity::is_told_by_service(served, shape) {
        reasons.push(validity::STAND_IN.to_owned());
        served = Kind::Inconclusive;
    }
    let range = Range::of(&findings, served, shape);
    let cross_check = confidence::cross_check(&findings, range);
    let range = range.map(|range| range.counted(&findings, served, cross_check));
    let judgement =
        Judgement { trace, findings: &findings, served, shape, range, cross_check, reasons: &reasons };
    Verdict {
        // Where some were rejected, that is the news.
        kind: if findings.rejected > 0 { Kind::Refused } else { served },
        at_a_time: range.map(|range| range.k),
        at_a_time_low: range.map(|range| range.low),
        at_a_time_high: range.map(|range| range.high),
        shape,
        confidence: confidence::confidence(&findings, served, shape, range, cross_check)
            .min(confidence::ceiling(&trace.missing)),
        why: why::why(&judgement),
        remedy: remedy::remedy(&judgement),
        reasons,
    }
}

/// Whether the server itself turned the request away.
fn is_rejection(row: &Row) -> bool {
    match &row.outcome {
        Outcome::Answered(_) => !row.is_ok(),
        Outcome::Rejected(_) => true,
        Outcome::Failed(_) => false,
    }
}

#[cfg(test)]
mod tests;
