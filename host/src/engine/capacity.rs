//! How many instances this machine can hold at once.

use std::fmt;
use std::fs;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::limits::Limits;
use crate::wasm::Needs;

/// What an instance is reckoned to keep resident: twice what ours were measured at, and half of the
/// machine's free memory is left alone.
const RESIDENT: u64 = 256 << 10;
/// Address space of a linear memory: 4 GiB that need no bounds checks, and a guard.
const RESERVED: u64 = (4 << 30) + (32 << 20);
/// Half of what a process of 47 bits has: the rest is for all that is no linear memory.
const ADDRESS_SPACE: u64 = 1 << 46;
/// Mappings that the kernel counts for a stack and its guard page, and for a linear memory when it lives.
const MAPPINGS_OF_STACK: u64 = 2;
const MAPPINGS_OF_MEMORY: u64 = 4;
/// Mappings, and descriptors, for everything that is no instance.
const SPARE_MAPPINGS: u64 = 2_000;
const SPARE_DESCRIPTORS: u64 = 100;

/// How many instances there may be, and how many requests may wait for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Instances at once.
    pub instances: usize,
    /// Requests that wait.
    pub waiting: usize,
    /// Connections at once: each takes a descriptor.
    pub connections: usize,
    /// What sets the number of instances.
    pub because: &'static str,
}

/// What a machine offers to one process.
#[derive(Debug, Clone, Copy)]
struct Machine {
    /// Bytes of memory that nobody uses.
    memory: u64,
    /// Bytes of address space.
    address_space: u64,
    /// `vm.max_map_count`
    mappings: u64,
    /// Open files.
    descriptors: u64,
}

impl Capacity {
    /// For this machine; raises the limit of open files as far as this process may.
    pub fn of_this_machine(limits: &Limits, needs: Needs) -> Self {
        Self::of(Machine::this(), limits, needs)
    }

    fn of(machine: Machine, limits: &Limits, needs: Needs) -> Self {
        let (memories, stacks) = (u64::from(needs.memories.max(1)), u64::from(needs.stacks.max(1)));
        let mappings = MAPPINGS_OF_MEMORY * memories + MAPPINGS_OF_STACK * stacks;
        let connections = machine.descriptors.saturating_sub(SPARE_DESCRIPTORS).max(1);
        let bounds = [
            (machine.memory / 2 / RESIDENT, "memory"),
            // So many as a damaged component may claim don't fit in 64 bits.
            (machine.address_space / RESERVED.saturating_mul(memories), "address space"),
            (machine.mappings.saturating_sub(SPARE_MAPPINGS) / mappings, "vm.max_map_count"),
            (connections, "open files (ulimit -n)"),
        ];
        let (instances, because) = match limits.max_instances {
            Some(asked) => (asked as u64, "--max-instances"),
            None => bounds.into_iter().min().unwrap_or((1, "")),
        };
        let connections = whole(connections);
        let waiting = limits.max_waiting.unwrap_or(connections);
        Self { instances: whole(instances.max(1)), waiting, connections, because }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instances, waiting, because, .. } = self;
        write!(f, "Room for {instances} instances at once ({because}); up to {waiting} requests wait for one")
    }
}

impl Machine {
    fn this() -> Self {
        // What can't be read sets no bound.
        Self {
            memory: free_memory().unwrap_or(u64::MAX),
            address_space: limit(Resource::RLIMIT_AS).min(ADDRESS_SPACE),
            mappings: number("/proc/sys/vm/max_map_count").unwrap_or(u64::MAX),
            descriptors: raise_descriptors(),
        }
    }
}

/// How many descriptors this process may hold, after the limit was raised as far as it may be.
pub fn raise_descriptors() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return u64::MAX };
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    }
}

fn limit(resource: Resource) -> u64 {
    getrlimit(resource).map_or(u64::MAX, |(soft, _)| soft)
}

/// What the machine has free, or what is left of the container's share.
fn free_memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    });
    let container = number("/sys/fs/cgroup/memory.max")
        .map(|max| max.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or(0)));
    machine.into_iter().chain(container).min()
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn whole(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_OF_EACH: Needs = Needs { core_instances: 1, memories: 1, tables: 1, stacks: 1 };
    const LARGE: Machine =
        Machine { memory: 1 << 40, address_space: 1 << 46, mappings: 1 << 30, descriptors: 1 << 20 };

    #[test]
    fn the_scarcest_bounds_the_instances() {
        for (machine, instances, because) in [
            (Machine { memory: 1 << 30, ..LARGE }, 2048, "memory"),
            (LARGE, 16_256, "address space"),
            (Machine { mappings: 65_530, ..LARGE }, 10_588, "vm.max_map_count"),
            (Machine { descriptors: 1024, ..LARGE }, 924, "open files (ulimit -n)"),
            (Machine { descriptors: 0, ..LARGE }, 1, "open files (ulimit -n)"),
        ] {
            let capacity = Capacity::of(machine, &Limits::default(), ONE_OF_EACH);
            assert_eq!((capacity.instances, capacity.because), (instances, because));
        }
    }

    #[test]
    fn what_an_instance_needs_counts() {
        for (machine, needs, instances) in [
            (LARGE, Needs { memories: 2, ..ONE_OF_EACH }, 8_128),
            (Machine { mappings: 65_530, ..LARGE }, Needs { stacks: 2, ..ONE_OF_EACH }, 7_941),
            (LARGE, Needs::default(), 16_256),
        ] {
            assert_eq!(Capacity::of(machine, &Limits::default(), needs).instances, instances);
        }
    }

    #[test]
    fn flags_have_the_last_word() {
        let limits = Limits { max_instances: Some(5), max_waiting: Some(0), ..Limits::default() };
        let capacity = Capacity::of(LARGE, &limits, ONE_OF_EACH);
        assert_eq!(
            capacity.to_string(),
            "Room for 5 instances at once (--max-instances); up to 0 requests wait for one"
        );
    }
}
