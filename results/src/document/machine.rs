//! The machine of the load generator, and what systems used of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine that the load generator ran on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// Such as `linux`.
    pub os: String,
    /// Such as `x86_64`.
    pub arch: String,
    /// How many processors this process may use.
    pub cpus: usize,
    /// The processor's name, where the system says it.
    pub cpu_model: Option<String>,
    /// The memory, in MiB, where the system says it.
    pub memory_mib: Option<u64>,
}

impl Machine {
    /// One that nobody described.
    pub fn unknown() -> Self {
        Self {
            os: "unknown".to_owned(),
            arch: "unknown".to_owned(),
            cpus: 0,
            cpu_model: None,
            memory_mib: None,
        }
    }

    /// Whether it is one that somebody described.
    pub fn is_known(&self) -> bool {
        self.cpus > 0
    }
}

/// What processes used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Their resident memory when it was highest, in MiB, looked at ten times a second. What processes
    /// share counts for each.
    pub memory_peak_mib: f64,
    /// How long they kept a processor busy, in seconds.
    pub cpu_s: f64,
}
