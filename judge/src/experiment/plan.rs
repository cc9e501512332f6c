//! An experiment: what is sent, and what was seen.

use std::time::Duration;

use crate::schedule::Schedule;
use crate::trace::Trace;

/// What is sent together, to split what is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What is sent, for a headline: `8 at once, again`.
    pub title: String,
    /// Why it was chosen, as a sentence without a full stop: `tells a worker pool from a rate limit: ...`.
    pub reason: String,
    /// The idle time before it, at least. For an experiment that was fired, the actual one: buckets refill meanwhile.
    pub pause: Duration,
    /// Over which connections it is sent.
    pub connections: Connections,
    /// The bursts of the experiment. They share a start. There is at least one; the first is the main one.
    pub parts: Vec<Part>,
}

/// A burst of an experiment: `n` requests over as many connections, each sent as planned, whatever was answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The number of requests; at least 1.
    pub n: usize,
    /// The time from the experiment's start to the first send.
    pub delay: Duration,
    /// The time between two sends.
    pub spacing: Duration,
    /// Where the requests go.
    pub target: Target,
}

/// Where requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To the endpoint under test.
    Main,
    /// To the second URL: [`Abilities::also`](super::Abilities::also).
    Also,
    /// To the endpoint under test, with the other header: [`Abilities::other_header`](super::Abilities::other_header).
    OtherHeader,
}

/// Over which connections an experiment is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// New ones, opened before the experiment: one for each request.
    Fresh,
    /// New ones for the first part. The later parts use those again, in the same order, as far as they are still open.
    Kept,
    /// One HTTP/2 connection for all requests.
    OneHttp2,
}

/// An experiment that was fired.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What was sent.
    pub experiment: Experiment,
    /// A trace for each part, in their order. The times of each count from the experiment's start plus the part's delay. Each
    /// has its target's baseline.
    pub traces: Vec<Trace>,
}

impl Experiment {
    /// Returns the number of requests.
    pub fn requests(&self) -> usize {
        self.parts.iter().map(|part| part.n).sum()
    }

    /// Returns about how long it takes, if each part takes so many seconds from its last send on.
    pub(super) fn seconds(&self, lasts: f64) -> f64 {
        let sends = |part: &Part| part.delay.as_secs_f64() + part.spacing.as_secs_f64() * (part.n - 1) as f64;
        self.pause.as_secs_f64() + self.parts.iter().map(sends).fold(0.0, f64::max) + lasts
    }
}

impl Part {
    /// Returns the part as a generator's schedule.
    pub fn schedule(&self) -> Schedule {
        Schedule { delay: self.delay, spacing: self.spacing, ..Schedule::together(self.n) }
    }
}
