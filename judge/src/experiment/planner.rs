//! Which experiment to fire next.

use std::time::Duration;

use super::diagnosis::{Diagnosis, Finding};
use super::end::End;
use super::plan::{Connections, Experiment, Observed, Part, Target};
use crate::kind::Kind;
use crate::trace::Baseline;

/// Chooses experiments. It has no state: what was seen determines the next one.
#[derive(Debug, Clone)]
pub struct Planner {
    /// The service time: how long one request alone takes, in milliseconds, as in a [`Trace`](crate::trace::Trace).
    pub service_ms: f64,
    /// The requests alone that were measured before the first experiment; empty if only `service_ms` is known.
    pub alone: Baseline,
    /// What the caller is able to send.
    pub abilities: Abilities,
    /// What the experiments may cost together, with the requests alone.
    pub budget: Budget,
}

/// What the caller is able to send, beside requests to the endpoint over HTTP/1.1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Abilities {
    /// A second URL of another duration: how long one request alone takes there.
    pub also: Option<Duration>,
    /// Requests with another session's header, such as its cookie.
    pub other_header: bool,
    /// All requests over one HTTP/2 connection.
    pub http2: bool,
}

/// What experiments may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The most requests.
    pub max_requests: usize,
    /// The longest time.
    pub max_time: Duration,
}

/// What was spent so far, with the requests alone before the first experiment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// The number of requests.
    pub requests: usize,
    /// The time.
    pub time: Duration,
}

/// The next step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Fire this experiment.
    Fire(Experiment),
    /// Stop.
    Done(End),
}

impl Default for Budget {
    fn default() -> Self {
        Self { max_requests: 500, max_time: Duration::from_secs(60) }
    }
}

impl Planner {
    /// Returns the step after these experiments.
    pub fn next(&self, seen: &[Observed], spent: Spent) -> Step {
        let n = 20.min(self.budget.max_requests.saturating_sub(spent.requests));
        if n == 0 {
            return Step::Done(End::RequestsSpent);
        }
        match seen.len() {
            0 => Step::Fire(Experiment {
                title: format!("{n} at once"),
                reason: "shows whether there is a limit".to_owned(),
                pause: Duration::ZERO,
                connections: Connections::Fresh,
                parts: vec![Part {
                    n,
                    delay: Duration::ZERO,
                    spacing: Duration::ZERO,
                    target: Target::Main,
                }],
            }),
            _ => Step::Done(End::NothingLeft),
        }
    }

    /// Returns what the experiments show together. `ended` is why they ended: for a diagnosis in between,
    /// [`End::Interrupted`].
    pub fn diagnosis(&self, seen: &[Observed], ended: End) -> Diagnosis {
        let finding = |one: &Observed| Finding {
            title: one.experiment.title.clone(),
            reason: one.experiment.reason.clone(),
            seen: String::new(),
            ruled_out: Vec::new(),
        };
        Diagnosis {
            mechanism: None,
            alternatives: Vec::new(),
            kind: Kind::Inconclusive,
            why: String::new(),
            remedy: None,
            ended,
            experiments: seen.iter().map(finding).collect(),
        }
    }
}
