//! Which instance this is, and what it holds: memory of its own is what an instance is, so
//! statics tell one from another.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

/// Drawn once in an instance's life: 16 hexadecimal digits.
static ID: LazyLock<String> = LazyLock::new(|| {
    let drawn = getrandom::u64().unwrap_or_else(|_| now_unix_ns());
    format!("{drawn:016x}")
});
static SERVED: AtomicU32 = AtomicU32::new(0);
static IN_FLIGHT: AtomicU32 = AtomicU32::new(0);

/// A request on its way through the handler.
pub struct Guest {
    /// Which request of this instance's life it is, counted from 1.
    pub served: u32,
    /// When it entered the handler, in nanoseconds since 1970.
    pub entered_unix_ns: u64,
}

/// Notes that a request has entered the handler. It leaves when the value is dropped.
pub fn enter() -> Guest {
    IN_FLIGHT.fetch_add(1, Relaxed);
    Guest { served: SERVED.fetch_add(1, Relaxed) + 1, entered_unix_ns: now_unix_ns() }
}

impl Drop for Guest {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, Relaxed);
    }
}

/// This instance's identity.
pub fn id() -> &'static str {
    &ID
}

/// How many requests this instance holds now.
pub fn in_flight() -> u32 {
    IN_FLIGHT.load(Relaxed)
}

/// The wall clock, in nanoseconds since 1970 (which fit until 2554).
pub fn now_unix_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
