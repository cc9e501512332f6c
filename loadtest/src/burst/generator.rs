//! Watches the load generator while it fires: a tool that is itself the bottleneck measures itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::trace::Generator;

const TICK: Duration = Duration::from_millis(1);

/// Since when it watches.
pub struct Watch {
    began: Instant,
    cpu: Duration,
    stop: Arc<AtomicBool>,
    ticker: thread::JoinHandle<Vec<Duration>>,
}

impl Watch {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        // A thread of its own: the runtime's timers are only good to a millisecond.
        let ticker = thread::spawn(move || {
            let mut late = Vec::new();
            while !stopped.load(Relaxed) {
                let due = Instant::now() + TICK;
                thread::sleep(TICK);
                late.push(due.elapsed());
            }
            late
        });
        Self { began: Instant::now(), cpu: cpu_time(), stop, ticker }
    }

    pub fn stop(self) -> Generator {
        self.stop.store(true, Relaxed);
        let wall = self.began.elapsed();
        let cpu = cpu_time().saturating_sub(self.cpu);
        let cores = crate::machine::processors();
        let mut late = self.ticker.join().unwrap_or_default();
        late.sort_unstable();
        Generator {
            cpu: (cpu.as_secs_f64() / (wall.as_secs_f64() * cores as f64)).min(1.0),
            lag_p99_us: percentile(&late, 0.99).map_or(0.0, |late| late.as_secs_f64() * 1e6),
        }
    }
}

/// This process's time on the processors so far, its own and the kernel's on its behalf.
fn cpu_time() -> Duration {
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
    })
}

fn percentile(sorted: &[Duration], share: f64) -> Option<Duration> {
    crate::stats::nearest_rank(sorted.len(), share).map(|rank| sorted[rank])
}
