//! What harms the instance's other requests, or its host's other guests.

use std::hint::black_box;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::{Answer, text};

/// Never ends, never yields, and does nothing that the compiler may leave out.
pub fn run_for_ever() -> Answer {
    loop {
        black_box(());
    }
}

/// Burns CPU for about this time; looks at the clock about once a millisecond.
pub fn spin(time: Duration) -> Answer {
    let began = Instant::now();
    while began.elapsed() < time {
        endpoint::cpu::work(Duration::from_millis(1));
    }
    text("spun")
}

/// Blocks the instance for this time.
pub fn sleep(time: Duration) -> Answer {
    thread::sleep(time);
    text("slept")
}

const MIB: usize = 1024 * 1024;
static EATEN: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Takes so many MiB of memory, or all there is for 0, touches each byte and never gives one back.
pub fn eat(mib: usize) -> Answer {
    let count = if mib == 0 { usize::MAX } else { mib };
    if let Ok(mut eaten) = EATEN.lock() {
        for _ in 0..count {
            // Not zeros, which the allocator need not write.
            eaten.push(vec![1; MIB]);
        }
    }
    text(format!("ate {mib}"))
}
