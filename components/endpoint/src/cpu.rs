//! Work that keeps a core busy.

use std::hint::black_box;
use std::time::Duration;

/// Chosen so that a guest asked for 1,000 ms works about a second on the machine this was written
/// on; elsewhere the solo request measures what it really takes.
const ROUNDS_PER_MS: u64 = 670_000;

/// Works as long as `time` takes, by a fixed count of rounds.
///
/// Not a loop on the clock: two of those on one core would both be done in time, having shared it,
/// and prove nothing.
pub fn work(time: Duration) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..time.as_millis() as u64 * ROUNDS_PER_MS {
        // Xorshift: each round needs the one before it, so none can be skipped or run beside it.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}
