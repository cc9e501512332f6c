//! Measures the load of the generator itself while it fires: if it is the bottleneck, its results describe itself.

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

use crate::machine;

const TICK_INTERVAL: Duration = Duration::from_millis(1);

pub struct Monitor {
    started: Instant,
    cpu_before: Duration,
    stop: Arc<AtomicBool>,
    lags: JoinHandle<Times>,
}

impl Monitor {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let (ticks, mut received) = mpsc::unbounded_channel();
        // A thread, because the runtime's timers have a resolution of a millisecond.
        thread::spawn(move || {
            while !stopped.load(Relaxed) {
                let due = Instant::now() + TICK_INTERVAL;
                thread::sleep(TICK_INTERVAL);
                if ticks.send(due).is_err() {
                    break;
                }
            }
        });
        // A task of the runtime: its lag is the lag of the workers, which wait for the same scheduler.
        let lags = tokio::spawn(async move {
            let mut lags = Times::default();
            while let Some(due) = received.recv().await {
                lags.add(Instant::elapsed(&due).as_secs_f64() * 1e6);
            }
            lags
        });
        Self { started: Instant::now(), cpu_before: cpu_time(), stop, lags }
    }

    pub async fn stop(self) -> Generator {
        self.stop.store(true, Relaxed);
        let wall = self.started.elapsed();
        let cpu = cpu_time().saturating_sub(self.cpu_before);
        let processors = machine::processors();
        let lags = self.lags.await.unwrap_or_default();
        Generator {
            cpu: (cpu.as_secs_f64() / (wall.as_secs_f64() * processors as f64)).min(1.0),
            lag_p99_us: lags.percentile(0.99).unwrap_or(0.0),
        }
    }
}

/// The CPU time of this process so far, in user mode and in the kernel.
fn cpu_time() -> Duration {
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
    })
}
