//! Processes of this machine: who started whom, and what they use.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use judge::units::rounded;
use procfs::process::{Process, Stat, all_processes};
use results::document::Usage;

/// How often memory is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// Every so many looks, new processes are looked for: that takes a while on a machine that has many.
const LOOKS_PER_SEARCH: usize = 10;

/// The processes that `parent` started, or that were handed over to it.
pub fn children(parent: i32) -> Vec<Stat> {
    stats().filter(|stat| stat.ppid == parent).collect()
}

/// All that `ancestors` started, themselves or by others.
pub fn descendants(ancestors: &[i32]) -> Vec<Stat> {
    let mut by_parent: HashMap<i32, Vec<Stat>> = HashMap::new();
    for stat in stats() {
        by_parent.entry(stat.ppid).or_default().push(stat);
    }
    let mut found = Vec::new();
    let mut parents = ancestors.to_vec();
    while let Some(parent) = parents.pop() {
        let children = by_parent.remove(&parent).unwrap_or_default();
        parents.extend(children.iter().map(|child| child.pid));
        found.extend(children);
    }
    found
}

fn stats() -> impl Iterator<Item = Stat> {
    all_processes().into_iter().flatten().filter_map(|process| process.ok()?.stat().ok())
}

/// Follows what the descendants of some processes use, from now until it is dropped.
pub struct Meter {
    usage: Arc<Mutex<Sampled>>,
    _until: mpsc::Sender<()>,
}

impl Meter {
    /// Of all that `ancestors` have started or will start; not of themselves.
    pub fn begin(ancestors: Vec<i32>) -> Self {
        let usage = Arc::new(Mutex::new(Sampled::begin(ancestors)));
        let (until, ended) = mpsc::channel();
        let sampled = usage.clone();
        // A thread of its own, so that no request waits for it.
        thread::spawn(move || {
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                locked(&sampled).look();
            }
        });
        Self { usage, _until: until }
    }

    /// What was used up to now.
    pub fn usage(&self) -> Usage {
        let mut sampled = locked(&self.usage);
        sampled.look();
        Usage {
            memory_peak_mib: rounded(sampled.peak_bytes as f64 / f64::from(1 << 20), 1),
            cpu_s: rounded(sampled.ticks as f64 / procfs::ticks_per_second() as f64, 2),
        }
    }
}

fn locked(sampled: &Mutex<Sampled>) -> std::sync::MutexGuard<'_, Sampled> {
    sampled.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Sampled {
    ancestors: Vec<i32>,
    known: Vec<i32>,
    looks: usize,
    peak_bytes: u64,
    /// What had been used before it began.
    ticks_before: u64,
    ticks: u64,
}

impl Sampled {
    fn begin(ancestors: Vec<i32>) -> Self {
        let mut sampled =
            Self { ancestors, known: Vec::new(), looks: 0, peak_bytes: 0, ticks_before: 0, ticks: 0 };
        sampled.look();
        sampled.ticks_before = std::mem::take(&mut sampled.ticks);
        sampled
    }

    fn look(&mut self) {
        if self.looks.is_multiple_of(LOOKS_PER_SEARCH) {
            self.known = descendants(&self.ancestors).iter().map(|stat| stat.pid).collect();
        }
        self.looks += 1;
        let stat = |pid: &i32| Process::new(*pid).and_then(|process| process.stat()).ok();
        let alive: Vec<Stat> = self.known.iter().filter_map(stat).collect();
        let bytes = alive.iter().map(|stat| stat.rss * procfs::page_size()).sum();
        self.peak_bytes = self.peak_bytes.max(bytes);
        // What a process used that has ended is its parent's, once that knows of the end.
        let of_ended = |stat: &Stat| u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
        let of_alive = alive.iter().map(|stat| stat.utime + stat.stime + of_ended(stat)).sum::<u64>();
        let handed_over: u64 = self.ancestors.iter().filter_map(stat).map(|stat| of_ended(&stat)).sum();
        self.ticks = self.ticks.max((of_alive + handed_over).saturating_sub(self.ticks_before));
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_grandchild_counts() {
        let mut child = Command::new("sh")
            .args(["-c", "sh -c 'while :; do :; done' & read line; kill $!"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let parent = i32::try_from(std::process::id()).unwrap();
        let began = std::time::Instant::now();
        while descendants(&[parent]).iter().filter(|stat| stat.comm == "sh").count() < 2 {
            assert!(began.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(10));
        }
        assert!(children(parent).iter().any(|stat| stat.pid.cast_unsigned() == child.id()));
        let meter = Meter::begin(vec![parent]);
        while meter.usage().cpu_s < 0.1 {
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", meter.usage());
            thread::sleep(Duration::from_millis(50));
        }
        assert!(meter.usage().memory_peak_mib > 0.5, "{:?}", meter.usage());
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
