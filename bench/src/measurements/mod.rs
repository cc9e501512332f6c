//! The measurements of the embedded host and its peers.

mod awaiting;
mod cold_start;
mod default_limits;
mod evidence;
mod fairness;
mod instance_cost;
mod large_burst;
mod over_capacity;
mod rps;
mod store;

use anyhow::Result;
use clap::ValueEnum;

use crate::document::Section;
use crate::run_context::RunContext;

pub const INTRODUCTION: &str = "\
# Benchmarks

The embedded host, other hosts with the same components, and a native server without a guest, as the
upper bound. All are measured on one machine, in one run, in turns. Where turns are short, every other
round has the opposite order. Load generator and servers share its processors. A value is the median of
its turns, with the lowest and the highest. A ratio is the median of the ratios within a round, with the
lowest and the highest.

`cargo run --profile dist -p bench` writes this page; don't edit it by hand.
[host-tuning.md](host-tuning.md) says what made the host fast.
";

/// In the document's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Measurement {
    /// Requests per second
    Rps,
    /// Requests per second with evidence
    Evidence,
    /// Cost of a fresh instance
    Instance,
    /// Ten thousand requests at once
    Burst,
    /// More requests than the host's capacity
    Capacity,
    /// More requests than the peers' default limits
    PastLimit,
    /// Trivial requests during CPU load
    Fairness,
    /// Awaiting requests during CPU load
    Awaiting,
    /// Key-value stores
    Store,
    /// Time from the process's start until it serves
    ColdStart,
}

impl Measurement {
    pub fn title(self) -> &'static str {
        match self {
            Self::Rps => "Requests per second",
            Self::Evidence => "Requests per second with evidence",
            Self::Instance => "Cost of a fresh instance",
            Self::Burst => "Ten thousand requests at once",
            Self::Capacity => "More requests than the host's capacity",
            Self::PastLimit => "More requests than the peers' default limits",
            Self::Fairness => "Trivial requests during CPU load",
            Self::Awaiting => "Awaiting requests during CPU load",
            Self::Store => "Key-value stores",
            Self::ColdStart => "Cold start",
        }
    }

    pub async fn run(self, context: &RunContext) -> Result<Section> {
        let title = self.title();
        match self {
            Self::Rps => rps::measure(context, title).await,
            Self::Evidence => evidence::measure(context, title).await,
            Self::Instance => instance_cost::measure(context, title).await,
            Self::Burst => large_burst::measure(context, title).await,
            Self::Capacity => over_capacity::measure(context, title).await,
            Self::PastLimit => default_limits::measure(context, title).await,
            Self::Fairness => fairness::measure(context, title).await,
            Self::Awaiting => awaiting::measure(context, title).await,
            Self::Store => store::measure(context, title).await,
            Self::ColdStart => cold_start::measure(context, title).await,
        }
    }
}
