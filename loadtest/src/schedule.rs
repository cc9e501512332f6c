//! When the requests of a burst are sent.

use std::time::Duration;

/// When the requests of a burst are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How many requests are sent.
    pub n: usize,
    /// Over how many connections. Where `n` is greater, each sends its next when the last is answered.
    pub c: usize,
    /// How long after the barrier's release the burst starts.
    pub delay: Duration,
    /// How far apart the first `c` sends are.
    pub spacing: Duration,
}

impl Schedule {
    /// `n` requests, all at once.
    pub fn together(n: usize) -> Self {
        Self { n, c: n, delay: Duration::ZERO, spacing: Duration::ZERO }
    }

    /// How many connections are opened: never more than there are requests.
    pub fn connections(&self) -> usize {
        self.c.min(self.n)
    }
}
