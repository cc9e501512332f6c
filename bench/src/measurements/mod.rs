//! What is measured, a file each.

mod capacity;
mod cold_start;
mod fairness;
mod instance;
mod many;
mod past_limit;
mod rps;

use anyhow::Result;
use clap::ValueEnum;

use crate::document::Section;
use crate::lab::Lab;

pub const INTRODUCTION: &str = "\
# Benchmarks

The embedded host beside other hosts of the same components, and beside a native server that does
nothing, as the limit. All are measured on one machine, in one run, taking turns; load generator and
servers share its processors. A value is the median of its turns, with the lowest and the highest;
a ratio is the median of those within a round, with the least and the greatest.

Written by `cargo run --release -p bench`, never by hand. [What paid and what did not](host-tuning.md)
is kept by hand.
";

/// In the document's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Measurement {
    /// Requests per second
    Rps,
    /// What a fresh instance adds to a request
    Instance,
    /// Ten thousand requests at once
    Burst,
    /// More requests than the host has room for
    Capacity,
    /// More requests than the peers have room for
    PastLimit,
    /// A trivial request beside those that burn CPU
    Fairness,
    /// From the process's start to ready
    ColdStart,
}

impl Measurement {
    pub fn title(self) -> &'static str {
        match self {
            Self::Rps => "Requests per second",
            Self::Instance => "What a fresh instance adds to a request",
            Self::Burst => "Ten thousand requests at once",
            Self::Capacity => "More requests than there is room for",
            Self::PastLimit => "Past the limit of the others",
            Self::Fairness => "A trivial request beside those that burn CPU",
            Self::ColdStart => "Cold start",
        }
    }

    pub async fn run(self, lab: &Lab) -> Result<Section> {
        let title = self.title();
        match self {
            Self::Rps => rps::measure(lab, title).await,
            Self::Instance => instance::measure(lab, title).await,
            Self::Burst => many::measure(lab, title).await,
            Self::Capacity => capacity::measure(lab, title).await,
            Self::PastLimit => past_limit::measure(lab, title).await,
            Self::Fairness => fairness::measure(lab, title).await,
            Self::ColdStart => cold_start::measure(lab, title).await,
        }
    }
}

/// Rounds of a measurement whose turn takes several seconds whatever the flags say.
fn few_rounds(lab: &Lab) -> u32 {
    lab.rounds.min(3)
}
