//! Behaviour that harms the other requests of the instance, or the host's other guests.

use std::hint::black_box;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::response::{Response, text};

/// Loops forever without yielding. The compiler can't remove the loop.
pub fn loop_forever() -> Response {
    loop {
        black_box(());
    }
}

/// Computes for about this time; checks the clock about once a millisecond.
pub fn burn_cpu(time: Duration) -> Response {
    let began = Instant::now();
    while began.elapsed() < time {
        endpoint::cpu::work(Duration::from_millis(1));
    }
    text("spun")
}

/// Blocks the instance for this time.
pub fn block(time: Duration) -> Response {
    thread::sleep(time);
    text("slept")
}

const MIB: usize = 1024 * 1024;
static LEAKED: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Allocates `mib` MiB, or all the memory there is for 0, writes each byte and never frees any.
pub fn leak(mib: usize) -> Response {
    let count = if mib == 0 { usize::MAX } else { mib };
    if let Ok(mut leaked) = LEAKED.lock() {
        for _ in 0..count {
            // Not zeros: the allocator could skip writing them.
            leaked.push(vec![1; MIB]);
        }
    }
    text(format!("ate {mib}"))
}
