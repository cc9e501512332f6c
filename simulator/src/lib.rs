//! Random bursts at simulated servers with known behaviour: test cases for the judge.

mod cases;
pub mod evaluation;
pub mod laboratory;
pub mod mechanism;
mod random;
pub mod scenarios;
mod score;
pub mod server;

use judge::trace::Trace;
use judge::verdict::{Kind, Verdict};

pub use cases::{ServiceTimes, case};
pub use random::Random;
pub use score::{Counts, KINDS, Score};

/// A burst at a simulated server, with the right verdict.
pub struct Case {
    /// The family of the server or the measurement.
    pub family: Family,
    /// The right kind.
    pub truth: Kind,
    /// The number of requests that the server served at a time, if it was limited.
    pub k: Option<f64>,
    /// Whether the case is plain: service times vary by at most a tenth, the burst has at least three requests for each
    /// that is served at once, and one at a time would take clearly longer than all at once.
    pub plain: bool,
    /// The burst.
    pub trace: Trace,
}

/// Families of servers and of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A pool of 2 to 64 workers.
    Pool,
    /// One request at a time.
    EventLoop,
    /// A server without limit.
    Unlimited,
    /// Processors that all requests share.
    SharedProcessors,
    /// Instances in which requests block each other, with evidence.
    BlockedInstances,
    /// A limit beyond which requests are refused.
    Capped,
    /// A pool at which some connects take a second longer.
    ShortBacklog,
    /// A pool, and an overloaded load generator.
    SlowGenerator,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 8] = [
        Self::Pool,
        Self::EventLoop,
        Self::Unlimited,
        Self::SharedProcessors,
        Self::BlockedInstances,
        Self::Capped,
        Self::ShortBacklog,
        Self::SlowGenerator,
    ];

    /// Returns the name in `docs/judge.md`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool of k",
            Self::EventLoop => "event loop that is blocked",
            Self::Unlimited => "no limit",
            Self::SharedProcessors => "shared processors",
            Self::BlockedInstances => "blocked shared instances",
            Self::Capped => "cap, the rest refused",
            Self::ShortBacklog => "short backlog, late connects",
            Self::SlowGenerator => "slow generator",
        }
    }
}

impl Case {
    /// Whether the verdict is right: it has the right kind, and its interval contains k if the server was limited.
    pub fn is_right(&self, verdict: &Verdict) -> bool {
        let contains = match (self.k, verdict.at_a_time_low, verdict.at_a_time_high) {
            (Some(k), Some(low), Some(high)) => low <= k && k <= high,
            (Some(_), ..) => false,
            _ => true,
        };
        verdict.kind == self.truth && contains
    }
}
