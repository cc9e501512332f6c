//! How the answers came.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::range::Range;
use crate::findings::Findings;
use crate::kind::Kind;
use crate::mechanism::Name;

/// How the answers came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// All together: no request waited.
    Together,
    /// One by one.
    Staircase,
    /// A few at once, then as many again.
    Waves,
    /// All equally late.
    Stretched,
    /// In groups that wait for their slowest request, because the requests of a group block each other in an instance.
    Batched,
}

impl Shape {
    /// Returns the name in texts and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Together => "together",
            Self::Staircase => "staircase",
            Self::Waves => "waves",
            Self::Stretched => "stretched",
            Self::Batched => "batched",
        }
    }

    /// Returns the shape of the answers; `None` if they follow no known pattern.
    pub(super) fn of(findings: &Findings, served: Kind) -> Option<Self> {
        if findings.sharing.batched {
            return Some(Self::Batched);
        }
        let best = findings.posterior.as_ref()?.best();
        match (served, best.name) {
            (Kind::Parallel, Name::ColdStart | Name::Pause) => Some(Self::Stretched),
            (Kind::Parallel, _) => Some(Self::Together),
            (Kind::Inconclusive | Kind::Refused, _) => None,
            (_, Name::SharedCpu | Name::ColdStart | Name::Pause) => Some(Self::Stretched),
            (_, Name::RateLimit | Name::Lock | Name::Throughput) => Some(Self::Staircase),
            (Kind::Sequential, Name::WorkerPool) => Some(Self::Staircase),
            (Kind::Limited, _) => Some(Self::Waves),
            (Kind::Sequential, _) => None,
        }
    }

    /// Whether the shape shows the service time: the first answers of such a burst waited for no other.
    pub(super) const fn shows_service_time(self) -> bool {
        matches!(self, Self::Staircase | Self::Waves)
    }

    /// Returns the sentence on how the answers came; `None` if other sentences say it.
    pub(crate) fn sentence(self, served: Kind, range: Option<Range>) -> Option<String> {
        match (served, self) {
            (Kind::Sequential, Self::Staircase) => Some("They were answered one by one.".to_owned()),
            (Kind::Limited, Self::Waves) => range.map(|range| format!("They were answered {range}.")),
            (_, Self::Stretched) => Some(
                "All took about equally long: they shared a resource, such as a processor, or waited for each other."
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
