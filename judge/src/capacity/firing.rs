//! A burst to fire.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;

/// The sends of a burst over fresh connections take at most this share of the service time.
const MAX_SPREAD: f64 = 0.2;
/// The longest time between two of them: a process that takes one connection after another has taken the first by then, and
/// is busy with its request.
const MAX_SPACING: Duration = Duration::from_millis(5);

/// What a burst is fired for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To find the largest burst that the server takes at once.
    #[default]
    Search,
    /// To tell kinds of servers apart: it is larger than the search needs.
    Judge,
    /// To check the result after a pause, in which the bucket of a rate limit refills, and idle instances expire.
    Pause,
    /// To check the result over connections that are opened one after the other, as the requests are sent. Connections
    /// that are opened before the burst stay with the process that accepted them, busy or not.
    Fresh,
}

/// A burst to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firing {
    /// The number of requests.
    pub n: usize,
    /// The time to wait before the burst.
    pub pause: Duration,
    /// What the burst is fired for.
    pub purpose: Purpose,
}

impl Firing {
    /// Returns a burst of `n` requests without a pause.
    pub const fn new(n: usize, purpose: Purpose) -> Self {
        Self { n, pause: Duration::ZERO, purpose }
    }

    /// Whether the connections are opened as the requests are sent.
    pub fn is_fresh(&self) -> bool {
        self.purpose == Purpose::Fresh
    }

    /// Returns when the requests are sent, for a service time in milliseconds.
    pub fn schedule(&self, service_ms: f64) -> Schedule {
        let together = Schedule::together(self.n);
        if !self.is_fresh() {
            return together;
        }
        let spacing = MAX_SPREAD * service_ms / 1e3 / self.n.max(1) as f64;
        let spacing = Duration::try_from_secs_f64(spacing).unwrap_or_default();
        Schedule { spacing: spacing.min(MAX_SPACING), ..together }
    }
}
