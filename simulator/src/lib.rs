//! Traces of servers whose truth is known, by the thousand: what the judge is tried on.

mod cases;
pub mod mechanism;
mod random;
mod score;
pub mod server;

use judge::trace::Trace;
use judge::verdict::{Kind, Verdict};

pub use cases::{Spread, case};
pub use random::Random;
pub use score::{Counts, KINDS, Score};

/// A trace, and what is true of the server that made it.
pub struct Case {
    pub family: Family,
    pub truth: Kind,
    /// How many it served at a time, where it is limited.
    pub k: Option<f64>,
    /// Whether the truth is plain: service times that vary by a tenth at most, three requests or more for
    /// each that is served at once, and a schedule under which one at a time takes clearly longer than all
    /// at once.
    pub plain: bool,
    pub trace: Trace,
}

/// Kinds of servers and of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Pool,
    EventLoop,
    Unlimited,
    SharedProcessors,
    BlockedInstances,
    Capped,
    ShortBacklog,
    SlowGenerator,
}

impl Family {
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
    /// Whether the verdict is true: its kind, and the interval, where there is one to be right about.
    pub fn is_right(&self, verdict: &Verdict) -> bool {
        let holds = match (self.k, verdict.at_a_time_low, verdict.at_a_time_high) {
            (Some(k), Some(low), Some(high)) => low <= k && k <= high,
            (Some(_), ..) => false,
            _ => true,
        };
        verdict.kind == self.truth && holds
    }
}
