//! The number of instances that this machine can run at once.

use std::fmt;
use std::fs;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::app::wasm::Needs;
use crate::limits::Limits;

/// The assumed resident memory of one instance, in bytes: twice the measured value of the project's own guests.
const RESIDENT_BYTES: u64 = 256 << 10;
/// The address space of one linear memory, in bytes: 4 GiB, which need no bounds checks, and the guard region.
const RESERVED_BYTES: u64 = (4 << 30) + (32 << 20);
/// Half of a process's address space of 47 bits. The rest is for everything except linear memories.
const ADDRESS_SPACE: u64 = 1 << 46;
/// The mappings that the kernel counts for a stack with its guard page.
const MAPPINGS_PER_STACK: u64 = 2;
/// The mappings that the kernel counts for a linear memory in use.
const MAPPINGS_PER_MEMORY: u64 = 4;
/// Mappings reserved for everything except instances.
const SPARE_MAPPINGS: u64 = 2_000;
/// File descriptors reserved for everything except connections.
const SPARE_DESCRIPTORS: u64 = 100;

/// The maximum numbers of instances, waiting requests and connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// The maximum number of instances at once.
    pub instances: usize,
    /// The maximum number of requests that wait for an instance.
    pub waiting: usize,
    /// The maximum number of connections at once. Each takes a file descriptor.
    pub connections: usize,
    /// The resource or flag that limits `instances`.
    pub limited_by: &'static str,
}

/// The resources that a machine offers to one process.
#[derive(Debug, Clone, Copy)]
struct Machine {
    /// Available memory, in bytes.
    memory: u64,
    /// Address space, in bytes.
    address_space: u64,
    /// `vm.max_map_count`
    mappings: u64,
    /// The maximum number of open files.
    descriptors: u64,
}

impl Capacity {
    /// Determines the capacity of this machine. Raises the limit of open files to the maximum for this process.
    pub(crate) fn of_this_machine(limits: &Limits, needs: Needs) -> Self {
        Self::of(Machine::current(), limits, needs)
    }

    fn of(machine: Machine, limits: &Limits, needs: Needs) -> Self {
        let (memories, stacks) = (u64::from(needs.memories.max(1)), u64::from(needs.stacks.max(1)));
        let mappings = MAPPINGS_PER_MEMORY * memories + MAPPINGS_PER_STACK * stacks;
        let connections = machine.descriptors.saturating_sub(SPARE_DESCRIPTORS).max(1);
        let bounds = [
            // Half of the available memory stays free.
            (machine.memory / 2 / RESIDENT_BYTES, "memory"),
            // Saturating: a damaged component may claim any number of memories.
            (machine.address_space / RESERVED_BYTES.saturating_mul(memories), "address space"),
            (machine.mappings.saturating_sub(SPARE_MAPPINGS) / mappings, "vm.max_map_count"),
            (connections, "open files (ulimit -n)"),
        ];
        let (instances, limited_by) = match limits.max_instances {
            Some(requested) => (requested as u64, "--max-instances"),
            None => bounds.into_iter().min().unwrap_or((1, "")),
        };
        let connections = to_usize(connections);
        let waiting = limits.max_waiting.unwrap_or(connections);
        Self { instances: to_usize(instances.max(1)), waiting, connections, limited_by }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instances, waiting, limited_by, .. } = self;
        write!(
            f,
            "Capacity for {instances} instances at once ({limited_by}); up to {waiting} requests wait for one"
        )
    }
}

impl Machine {
    fn current() -> Self {
        // A resource that can't be read sets no limit.
        Self {
            memory: available_memory().unwrap_or(u64::MAX),
            address_space: soft_limit(Resource::RLIMIT_AS).min(ADDRESS_SPACE),
            mappings: read_number("/proc/sys/vm/max_map_count").unwrap_or(u64::MAX),
            descriptors: raise_descriptors(),
        }
    }
}

/// Raises the limit of open files to the maximum for this process. Returns the new limit.
pub fn raise_descriptors() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return u64::MAX };
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    }
}

fn soft_limit(resource: Resource) -> u64 {
    getrlimit(resource).map_or(u64::MAX, |(soft, _)| soft)
}

/// Returns the machine's available memory, or the rest of the container's limit if that is less.
fn available_memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    });
    let container = read_number("/sys/fs/cgroup/memory.max")
        .map(|max| max.saturating_sub(read_number("/sys/fs/cgroup/memory.current").unwrap_or(0)));
    machine.into_iter().chain(container).min()
}

/// The memory of this process that is resident, in bytes; 0 if it can't be read.
pub(crate) fn resident_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).map_or(0, |kib| kib << 10)
}

fn read_number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_OF_EACH: Needs = Needs { core_instances: 1, memories: 1, tables: 1, stacks: 1 };
    const LARGE: Machine =
        Machine { memory: 1 << 40, address_space: 1 << 46, mappings: 1 << 30, descriptors: 1 << 20 };

    #[test]
    fn the_scarcest_resource_limits_the_instances() {
        for (machine, instances, limited_by) in [
            (Machine { memory: 1 << 30, ..LARGE }, 2048, "memory"),
            (LARGE, 16_256, "address space"),
            (Machine { mappings: 65_530, ..LARGE }, 10_588, "vm.max_map_count"),
            (Machine { descriptors: 1024, ..LARGE }, 924, "open files (ulimit -n)"),
            (Machine { descriptors: 0, ..LARGE }, 1, "open files (ulimit -n)"),
        ] {
            let capacity = Capacity::of(machine, &Limits::default(), ONE_OF_EACH);
            assert_eq!((capacity.instances, capacity.limited_by), (instances, limited_by));
        }
    }

    #[test]
    fn the_needs_of_an_instance_reduce_the_capacity() {
        for (machine, needs, instances) in [
            (LARGE, Needs { memories: 2, ..ONE_OF_EACH }, 8_128),
            (Machine { mappings: 65_530, ..LARGE }, Needs { stacks: 2, ..ONE_OF_EACH }, 7_941),
            (LARGE, Needs::default(), 16_256),
        ] {
            assert_eq!(Capacity::of(machine, &Limits::default(), needs).instances, instances);
        }
    }

    #[test]
    fn flags_override_the_machines_limits() {
        let limits = Limits { max_instances: Some(5), max_waiting: Some(0), ..Limits::default() };
        let capacity = Capacity::of(LARGE, &limits, ONE_OF_EACH);
        assert_eq!(
            capacity.to_string(),
            "Capacity for 5 instances at once (--max-instances); up to 0 requests wait for one"
        );
    }
}
