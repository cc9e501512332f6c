//! The machine that the measurement ran on.

use std::fs;
use std::ops::RangeInclusive;
use std::thread;

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

    /// This machine.
    pub fn this() -> Self {
        Self {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpus: processors(),
            cpu_model: proc_value("/proc/cpuinfo", "model name"),
            memory_mib: proc_value("/proc/meminfo", "MemTotal")
                .and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok())
                .map(|kib| kib / 1024),
        }
    }
}

/// How many processors this process may use.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The least and the most work of the processors that this process may use: where two of them are
/// threads of one core, they do more than one and less than two.
pub fn cores() -> RangeInclusive<usize> {
    let processors = processors();
    num_cpus::get_physical().clamp(1, processors)..=processors
}

fn proc_value(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let (_, value) =
        text.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == key)?;
    Some(value.trim().to_owned())
}
