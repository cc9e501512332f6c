//! The time that a burst's times count from.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;

/// The resolution of the runtime's timers, with a margin. The rest of a wait is slept by the thread.
const TIMER_RESOLUTION: Duration = Duration::from_millis(2);

/// One moment, by the monotonic clock and by the system's clock.
#[derive(Debug, Clone, Copy)]
pub struct StartTime {
    pub instant: Instant,
    /// Nanoseconds since 1970.
    pub unix_ns: u64,
}

impl StartTime {
    pub fn now() -> Self {
        Self { instant: Instant::now(), unix_ns: unix_ns(SystemTime::now()) }
    }

    /// Waits until `at`, which generators on other machines may share. Returns `at` even if it is past, so that a
    /// late release shows as start skew. Returns the present time if the burst is stopped before.
    pub async fn wait_until(at: SystemTime, stopped: &CancellationToken) -> Self {
        let remaining = || at.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(remaining().saturating_sub(TIMER_RESOLUTION)) => {
                thread::sleep(remaining().min(TIMER_RESOLUTION));
            }
            () = stopped.cancelled() => {}
        }
        let now = Self::now();
        if !remaining().is_zero() {
            return now;
        }
        let late = Duration::from_nanos(now.unix_ns.saturating_sub(unix_ns(at)));
        Self { instant: now.instant.checked_sub(late).unwrap_or(now.instant), unix_ns: unix_ns(at) }
    }

    pub fn after(self, delay: Duration) -> Self {
        Self { instant: self.instant + delay, unix_ns: self.unix_ns + delay.as_nanos() as u64 }
    }

    /// The microseconds from this time to `at`; negative if `at` is earlier.
    pub fn us(self, at: Instant) -> f64 {
        match at.checked_duration_since(self.instant) {
            Some(after) => after.as_secs_f64() * 1e6,
            None => self.instant.duration_since(at).as_secs_f64() * -1e6,
        }
    }

    pub fn elapsed_us(self) -> f64 {
        self.us(Instant::now())
    }
}

fn unix_ns(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
