//! The instance's identity and its request counters. Each instance has its own memory, so statics are
//! per instance.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

/// 16 hexadecimal digits, drawn once per instance.
static ID: LazyLock<String> = LazyLock::new(|| {
    let drawn = getrandom::u64().unwrap_or_else(|_| now_unix_ns());
    format!("{drawn:016x}")
});
static SERVED: AtomicU32 = AtomicU32::new(0);
static IN_FLIGHT: AtomicU32 = AtomicU32::new(0);

/// Counts a request as in flight until dropped.
pub struct InFlightGuard {
    /// The number of requests that this instance has taken, this one included.
    pub served: u32,
    /// When the request entered the handler, in nanoseconds since 1970.
    pub entered_unix_ns: u64,
}

/// Records that a request has entered the handler.
pub fn enter() -> InFlightGuard {
    IN_FLIGHT.fetch_add(1, Relaxed);
    InFlightGuard { served: SERVED.fetch_add(1, Relaxed) + 1, entered_unix_ns: now_unix_ns() }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, Relaxed);
    }
}

/// Returns this instance's id.
pub fn id() -> &'static str {
    &ID
}

/// The number of requests in this instance's handler now.
pub fn in_flight() -> u32 {
    IN_FLIGHT.load(Relaxed)
}

/// The wall clock in nanoseconds since 1970. A `u64` overflows in 2554.
pub fn now_unix_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
