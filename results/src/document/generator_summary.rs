//! The load of the generator.

use judge::trace::Generator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The load of the generator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorSummary {
    /// The generator's share of the machine's processors, from 0 to 1.
    pub cpu: f64,
    /// The delay of a 1 ms timer in a task that is scheduled like those of the connections: the 99th percentile, in
    /// microseconds.
    pub lag_p99_us: f64,
    /// The limit of open descriptors, which limits the connections. It was raised as far as the system allows.
    pub descriptors: u64,
    /// Whether the generator was the bottleneck of a burst.
    pub saturated: bool,
}

impl From<GeneratorSummary> for Generator {
    fn from(summary: GeneratorSummary) -> Self {
        Self { cpu: summary.cpu, lag_p99_us: summary.lag_p99_us }
    }
}

impl GeneratorSummary {
    /// Returns the worse value of both, field by field.
    pub fn worst(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            lag_p99_us: self.lag_p99_us.max(other.lag_p99_us),
            descriptors: self.descriptors.max(other.descriptors),
            saturated: self.saturated || other.saturated,
        }
    }
}
