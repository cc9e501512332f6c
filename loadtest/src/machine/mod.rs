//! The machine that the measurement runs on: its processors, processes and file descriptors.

pub mod descriptors;
pub mod processes;

use std::fs;
use std::ops::RangeInclusive;
use std::thread;

use results::document::Machine;

/// The description of this machine, for documents.
pub fn describe() -> Machine {
    Machine {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: processors(),
        cpu_model: proc_value("/proc/cpuinfo", "model name"),
        memory_mib: proc_value("/proc/meminfo", "MemTotal")
            .and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok())
            .map(|kib| kib / 1024),
    }
}

/// The number of processors that this process may use.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How much work the processors of this process do, in cores: at least and at most. Two processors that are threads of
/// one core do more work than one core, and less than two.
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
