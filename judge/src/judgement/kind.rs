//! How a burst was served.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::Findings;

/// How a burst was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All requests at once.
    Parallel,
    /// One request after the other.
    Sequential,
    /// A few requests at a time.
    Limited,
    /// The server rejected some or all requests.
    Refused,
    /// The measurement supports no verdict.
    Inconclusive,
}

impl Kind {
    /// Returns the name in texts and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parallel => "parallel",
            Self::Sequential => "sequential",
            Self::Limited => "limited",
            Self::Refused => "refused",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Returns the kind for people, with the number of requests that were served at a time if it is part of the kind:
    /// `limited, 4 at a time`.
    pub fn headline(self, at_a_time: Option<f64>) -> String {
        match (self, at_a_time) {
            (Self::Limited, Some(k)) if k.fract() == 0.0 => format!("limited, {k} at a time"),
            (Self::Limited, Some(k)) => format!("limited, about {k:.1} at a time"),
            (kind, _) => kind.name().to_owned(),
        }
    }

    /// Returns the kind of the answered requests: by the makespan, by the completions if they show waves of fewer than
    /// all requests, and by the replies if they count the requests in handlers.
    pub(super) fn of(findings: &Findings) -> Self {
        let in_handlers = findings.handlers_at_once();
        match (findings.is_parallel(), findings.is_sequential()) {
            // All requests that were sent were in a handler at once, and none took longer for it.
            (_, false) if in_handlers.is_some_and(|count| count > 1 && count >= findings.offered) => {
                Self::Parallel
            }
            // Each request waited for the others of its instance, and there is only one instance.
            (false, _) if findings.sharing.batched && findings.sharing.is_all_in_one(findings.answered) => {
                Self::Sequential
            }
            (true, true) => Self::Inconclusive,
            _ if findings.offered <= 1 => Self::Inconclusive,
            (true, false) if findings.pool().is_some_and(|fit| fit.high < findings.offered) => Self::Limited,
            (true, false) => Self::Parallel,
            (false, true) => Self::Sequential,
            (false, false) => Self::Limited,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
