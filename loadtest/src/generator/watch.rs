//! Watches the load generator while it fires: a tool that is itself the bottleneck measures itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use judge::aggregate::Times;
use judge::trace::Generator;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const TICK: Duration = Duration::from_millis(1);

/// Since when it watches.
pub struct Watch {
    began: Instant,
    cpu: Duration,
    stop: Arc<AtomicBool>,
    late: JoinHandle<Times>,
}

impl Watch {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let (ticks, mut ticked) = mpsc::unbounded_channel();
        // A thread of its own: the runtime's timers are only good to a millisecond.
        thread::spawn(move || {
            while !stopped.load(Relaxed) {
                let due = Instant::now() + TICK;
                thread::sleep(TICK);
                if ticks.send(due).is_err() {
                    break;
                }
            }
        });
        // It waits for its turn among the connections: an answer is noted as late as a tick is.
        let late = tokio::spawn(async move {
            let mut late = Times::default();
            while let Some(due) = ticked.recv().await {
                late.add(Instant::elapsed(&due).as_secs_f64() * 1e6);
            }
            late
        });
        Self { began: Instant::now(), cpu: cpu_time(), stop, late }
    }

    pub async fn stop(self) -> Generator {
        self.stop.store(true, Relaxed);
        let wall = self.began.elapsed();
        let cpu = cpu_time().saturating_sub(self.cpu);
        let cores = crate::machine::processors();
        let late = self.late.await.unwrap_or_default();
        Generator {
            cpu: (cpu.as_secs_f64() / (wall.as_secs_f64() * cores as f64)).min(1.0),
            lag_p99_us: late.percentile(0.99).unwrap_or(0.0),
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
