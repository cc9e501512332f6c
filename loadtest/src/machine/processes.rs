//! Processes of this machine: their parents, memory and CPU time.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use judge::units::rounded;
use procfs::process::{Process, Stat, all_processes};
use results::document::Usage;

/// The interval between two samples.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(100);
/// The number of samples between two searches for new processes. A search reads every process of the machine.
const SAMPLES_PER_SEARCH: usize = 10;

/// The children of `parent`: processes that it started, or that it adopted.
pub fn children(parent: i32) -> Vec<Stat> {
    stats().filter(|stat| stat.ppid == parent).collect()
}

/// The processes that `ancestors` started, directly or indirectly.
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

/// Samples the memory and CPU time of the descendants of some processes until it is dropped.
pub struct Meter {
    samples: Arc<Mutex<Samples>>,
    _stop_on_drop: mpsc::Sender<()>,
}

impl Meter {
    /// Starts to sample all descendants of `ancestors`, present and future, but not the ancestors themselves.
    pub fn begin(ancestors: Vec<i32>) -> Self {
        let samples = Arc::new(Mutex::new(Samples::begin(ancestors)));
        let (stop, stopped) = mpsc::channel();
        let sampled = samples.clone();
        // A thread, so that no request waits for it.
        thread::spawn(move || {
            while stopped.recv_timeout(SAMPLE_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                lock(&sampled).take();
            }
        });
        Self { samples, _stop_on_drop: stop }
    }

    /// The usage so far.
    pub fn usage(&self) -> Usage {
        let mut samples = lock(&self.samples);
        samples.take();
        Usage {
            memory_peak_mib: rounded(samples.peak_bytes as f64 / f64::from(1 << 20), 1),
            cpu_s: rounded(samples.ticks as f64 / procfs::ticks_per_second() as f64, 2),
        }
    }
}

fn lock(samples: &Mutex<Samples>) -> std::sync::MutexGuard<'_, Samples> {
    samples.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Samples {
    ancestors: Vec<i32>,
    known: Vec<i32>,
    count: usize,
    peak_bytes: u64,
    /// The CPU time before the first sample.
    ticks_before: u64,
    ticks: u64,
}

impl Samples {
    fn begin(ancestors: Vec<i32>) -> Self {
        let mut samples =
            Self { ancestors, known: Vec::new(), count: 0, peak_bytes: 0, ticks_before: 0, ticks: 0 };
        samples.take();
        samples.ticks_before = std::mem::take(&mut samples.ticks);
        samples
    }

    fn take(&mut self) {
        if self.count.is_multiple_of(SAMPLES_PER_SEARCH) {
            self.known = descendants(&self.ancestors).iter().map(|stat| stat.pid).collect();
        }
        self.count += 1;
        let stat = |pid: &i32| Process::new(*pid).and_then(|process| process.stat()).ok();
        let alive: Vec<Stat> = self.known.iter().filter_map(stat).collect();
        let bytes = alive.iter().map(|stat| stat.rss * procfs::page_size()).sum();
        self.peak_bytes = self.peak_bytes.max(bytes);
        // The CPU time of an ended process is added to its parent's `cutime` when the parent waits for it.
        let of_ended = |stat: &Stat| u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
        let of_alive = alive.iter().map(|stat| stat.utime + stat.stime + of_ended(stat)).sum::<u64>();
        let of_ended_children: u64 = self.ancestors.iter().filter_map(stat).map(|stat| of_ended(&stat)).sum();
        self.ticks = self.ticks.max((of_alive + of_ended_children).saturating_sub(self.ticks_before));
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_grandchild_is_counted() {
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
