//! CPU-bound work.

use std::hint::black_box;
use std::time::Duration;

/// Calibrated on one machine, where 1,000 ms of requested work takes about a second. On other machines the
/// solo request measures the actual time.
const ROUNDS_PER_MS: u64 = 670_000;

/// Computes for about `time`: a fixed number of rounds for each millisecond.
///
/// A loop that checks the clock would not do: two of them on one core would both end on time, each with half the
/// work done, and the burst would look parallel.
pub fn work(time: Duration) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..time.as_millis() as u64 * ROUNDS_PER_MS {
        // Xorshift: each round depends on the previous one, so the rounds can be neither skipped nor overlapped.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}
