//! From a trace to a verdict: pure functions, no I/O.
//!
//! With s the time that one request takes alone, and T the time that the burst took: T near what a
//! server without limit needs is `parallel`, T near what a server needs that takes one request at a
//! time is `sequential`, and in between it is `limited` to the k whose completions fit best.

mod doubt;
mod fit;
mod model;
mod shape;
mod sharing;
mod why;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;
use crate::trace::{Outcome, Row, Trace};
pub use doubt::is_bottleneck;
use fit::Fit;
use sharing::Sharing;

/// A makespan up to the unlimited server's, divided by this, is parallel.
const PARALLEL: f64 = 0.8;
/// A makespan from the one-at-a-time server's, divided by this, is sequential.
const SEQUENTIAL: f64 = 1.25;

/// How a burst was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All at once.
    Parallel,
    /// One after the other.
    Sequential,
    /// A few at a time.
    Limited,
    /// Some or all were rejected by the server.
    Refused,
    /// The measurement can't carry a verdict.
    Inconclusive,
}

/// How the answers came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Each as soon as it could.
    Together,
    /// One by one.
    Staircase,
    /// A few, then as many again.
    Waves,
    /// All late alike.
    Stretched,
    /// In groups that wait for their slowest, because they share an instance that each of them blocks.
    Batched,
}

/// How sure the verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Something else could explain it.
    Low,
    /// Probably.
    Medium,
    /// At least 99 of 100 such verdicts are right.
    High,
}

/// What the judge says of a burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// How the burst was served.
    pub kind: Kind,
    /// How many requests were served at a time; null where that can't be said.
    pub at_a_time: Option<f64>,
    /// The least that `at_a_time` can be.
    pub at_a_time_low: Option<f64>,
    /// The most that it can be.
    pub at_a_time_high: Option<f64>,
    /// How the answers came; null where they follow no known pattern.
    pub shape: Option<Shape>,
    /// How sure the verdict is.
    pub confidence: Confidence,
    /// What was seen, in plain words.
    pub why: String,
    /// What would change it, where there is evidence for that.
    pub remedy: Option<String>,
    /// Why the measurement can't carry a verdict; empty where it can.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// A verdict that says nothing but its kind.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            at_a_time: None,
            at_a_time_low: None,
            at_a_time_high: None,
            shape: None,
            confidence: Confidence::Low,
            why: String::new(),
            remedy: None,
            reasons: Vec::new(),
        }
    }

    /// The kind, with its k where it has one: `limited, 4 at a time`.
    pub fn headline(&self) -> String {
        match (self.kind, self.at_a_time) {
            (Kind::Limited, Some(k)) if k.fract() == 0.0 => format!("limited, {k} at a time"),
            (Kind::Limited, Some(k)) => format!("limited, about {k:.1} at a time"),
            (kind, _) => kind.to_string(),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Together => "together",
            Self::Staircase => "staircase",
            Self::Waves => "waves",
            Self::Stretched => "stretched",
            Self::Batched => "batched",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parallel => "parallel",
            Self::Sequential => "sequential",
            Self::Limited => "limited",
            Self::Refused => "refused",
            Self::Inconclusive => "inconclusive",
        })
    }
}

/// What the verdict is drawn from.
struct Findings {
    /// How many requests were answered well.
    answered: usize,
    /// How many the server rejected.
    rejected: usize,
    /// How many could be in flight at once.
    connections: usize,
    service_ms: f64,
    makespan_ms: f64,
    /// The makespan of a server without limit, in milliseconds.
    unlimited_ms: f64,
    /// The makespan of a server that takes one request at a time, in milliseconds.
    one_at_a_time_ms: f64,
    /// How many requests were served at a time, judged by the makespan alone.
    effective: f64,
    fit: Option<Fit>,
    sharing: Sharing,
}

impl Findings {
    fn of(trace: &Trace) -> Self {
        let answered = trace.answered().count();
        // What was rejected took no part in the serving.
        let schedule = Schedule { n: answered, ..trace.schedule };
        let service_us = trace.service_ms * 1e3;
        let last = |k| model::completions(&schedule, service_us, k).last().copied().unwrap_or(0.0) / 1e3;
        let makespan_ms = trace.makespan_ms();
        let first_sent_ms =
            trace.answered().filter_map(|row| row.sent_us).fold(f64::INFINITY, f64::min) / 1e3;
        let busy_ms = makespan_ms - if first_sent_ms.is_finite() { first_sent_ms.max(0.0) } else { 0.0 };
        let effective = (answered as f64 * trace.service_ms / busy_ms).min(schedule.connections() as f64);
        Self {
            answered,
            rejected: trace.rows.iter().filter(|row| is_rejection(row)).count(),
            connections: schedule.connections(),
            service_ms: trace.service_ms,
            makespan_ms,
            unlimited_ms: last(usize::MAX),
            one_at_a_time_ms: last(1),
            effective,
            fit: fit::fit(trace, &schedule, effective),
            sharing: Sharing::of(trace),
        }
    }

    fn is_parallel(&self) -> bool {
        self.makespan_ms <= self.unlimited_ms / PARALLEL
    }

    fn is_sequential(&self) -> bool {
        self.makespan_ms >= self.one_at_a_time_ms / SEQUENTIAL
    }

    fn kind(&self) -> Kind {
        match (self.is_parallel(), self.is_sequential()) {
            (true, true) => Kind::Inconclusive,
            (true, false) => Kind::Parallel,
            (false, true) => Kind::Sequential,
            (false, false) => Kind::Limited,
        }
    }

    /// k, the least that it can be, and the most.
    fn at_a_time(&self, kind: Kind, shape: Option<Shape>) -> Option<(f64, f64, f64)> {
        let all = self.connections as f64;
        match (kind, &self.fit) {
            (Kind::Parallel, _) => Some((all, self.effective, all)),
            (Kind::Sequential, _) => Some((1.0, 1.0, self.effective.max(1.0))),
            // Batches are no pool: how many were served at a time is a matter of the average.
            (Kind::Limited, _) if self.sharing.batched => Some((self.effective, 1.0, all)),
            (Kind::Limited, _) if shape == Some(Shape::Stretched) => {
                let (low, high) = self.shared();
                Some((self.effective, low, high))
            }
            (Kind::Limited, Some(fit)) => Some((fit.k as f64, fit.low as f64, fit.high as f64)),
            _ => None,
        }
    }

    /// The least and the most that share what stretches all alike. No answer came in a wave that
    /// could be counted: the time that one takes alone decides, and that is good to a quarter.
    fn shared(&self) -> (f64, f64) {
        ((self.effective / SEQUENTIAL).max(1.0), (self.effective / PARALLEL).min(self.connections as f64))
    }

    fn confidence(&self, kind: Kind, shape: Option<Shape>) -> Confidence {
        let sure = match kind {
            // With more requests than connections, a pool a little smaller hardly shows in the makespan.
            Kind::Parallel => {
                self.answered <= self.connections
                    || self.fit.as_ref().is_some_and(|fit| fit.low == self.connections)
            }
            // One core, or more of them with a busy neighbour: that can't be told apart.
            Kind::Sequential if shape == Some(Shape::Stretched) => false,
            Kind::Sequential => self.sharing.batched || self.makespan_ms >= self.one_at_a_time_ms / 1.1,
            Kind::Limited if shape == Some(Shape::Stretched) => {
                let (low, high) = self.shared();
                low > 1.0 && high < self.connections as f64
            }
            // A fit that might be all of them might be no limit.
            Kind::Limited => {
                self.fit.as_ref().is_some_and(|fit| fit.deviation <= 0.1 && fit.high < self.connections)
            }
            Kind::Refused | Kind::Inconclusive => false,
        };
        let plausible = match kind {
            Kind::Limited => {
                shape == Some(Shape::Stretched) || self.fit.as_ref().is_some_and(|fit| fit.holds)
            }
            other => other != Kind::Inconclusive,
        };
        match (sure, plausible) {
            (true, _) => Confidence::High,
            (false, true) => Confidence::Medium,
            (false, false) => Confidence::Low,
        }
    }
}

/// Judges a burst.
pub fn judge(trace: &Trace) -> Verdict {
    let findings = Findings::of(trace);
    let mut reasons = doubt::reasons(trace, &findings);
    // How the answered ones were served; where some were rejected, that is the news.
    let mut served = if reasons.is_empty() { findings.kind() } else { Kind::Inconclusive };
    let shape = shape::shape(trace, &findings, served);
    if served == Kind::Limited && shape.is_none() {
        reasons.push("the answers follow no pool of any size; try again, or send more requests".to_owned());
        served = Kind::Inconclusive;
    }
    let kind = if findings.rejected > 0 { Kind::Refused } else { served };
    let range = findings.at_a_time(served, shape);
    Verdict {
        kind,
        at_a_time: range.map(|(k, ..)| k),
        at_a_time_low: range.map(|(_, low, _)| low),
        at_a_time_high: range.map(|(.., high)| high),
        shape,
        confidence: findings.confidence(served, shape),
        why: why::why(trace, &findings, served, shape, &reasons),
        remedy: why::remedy(&findings).filter(|_| reasons.is_empty()),
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
