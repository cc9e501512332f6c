//! How the load generator fared.

use judge::trace::Generator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the load generator fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorSummary {
    /// Its share of the machine's processors, from 0 to 1.
    pub cpu: f64,
    /// How late a timer of 1 ms was noticed, by a task that waits for its turn as those of the connections
    /// do, at the 99th percentile, in microseconds.
    pub lag_p99_us: f64,
    /// How many descriptors it could hold, a connection each; the limit was raised as far as allowed.
    pub descriptors: u64,
    /// Whether it was the bottleneck of any burst.
    pub saturated: bool,
}

impl From<GeneratorSummary> for Generator {
    fn from(summary: GeneratorSummary) -> Self {
        Self { cpu: summary.cpu, lag_p99_us: summary.lag_p99_us }
    }
}

impl GeneratorSummary {
    /// The worse of both, in each respect.
    pub fn worse(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            lag_p99_us: self.lag_p99_us.max(other.lag_p99_us),
            descriptors: self.descriptors.max(other.descriptors),
            saturated: self.saturated || other.saturated,
        }
    }
}
