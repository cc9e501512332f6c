//! The machine of the load generator, and the usage of its processes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine of the load generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The architecture, such as `x86_64`.
    pub arch: String,
    /// The number of processors that the process may use.
    pub cpus: usize,
    /// The processor's name; null if unknown.
    pub cpu_model: Option<String>,
    /// The memory, in MiB; null if unknown.
    pub memory_mib: Option<u64>,
}

impl Machine {
    /// Returns the placeholder for an unknown machine.
    pub fn unknown() -> Self {
        Self {
            os: "unknown".to_owned(),
            arch: "unknown".to_owned(),
            cpus: 0,
            cpu_model: None,
            memory_mib: None,
        }
    }

    /// Whether the machine is known.
    pub fn is_known(&self) -> bool {
        self.cpus > 0
    }
}

/// Memory and processor time of processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// The peak of their resident memory, in MiB, sampled ten times a second. Memory that processes share counts for
    /// each of them.
    pub memory_peak_mib: f64,
    /// Their processor time, in seconds.
    pub cpu_s: f64,
}
