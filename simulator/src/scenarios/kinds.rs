//! Which kinds are right, from makespans.

use judge::verdict::Kind;

use crate::mechanism::Load;

/// The makespans that a kind follows from, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Makespans {
    /// The burst's own.
    pub(super) burst: f64,
    /// That of a server without limit.
    pub(super) unlimited: f64,
    /// That of a server that takes one request at a time.
    pub(super) one: f64,
}

/// Within this share of a border, both kinds are right.
const MARGIN: f64 = 0.1;

impl Makespans {
    /// `alone` is the mean time of a request alone.
    pub(super) fn new(burst: f64, unlimited: f64, load: Load, alone: f64) -> Self {
        let last_send = load.spacing * load.c.min(load.n).saturating_sub(1) as f64;
        let one = (load.n as f64 * alone).max(last_send + alone);
        Self { burst, unlimited, one }
    }

    /// Whether the limit made the burst visibly longer.
    pub(super) fn exceeds(&self) -> bool {
        self.burst > (1.0 + MARGIN) * self.unlimited
    }

    pub(super) fn is_parallel(&self) -> bool {
        self.burst <= self.unlimited / 0.8 * (1.0 + MARGIN)
    }

    /// The right kinds.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let Self { burst, unlimited, one } = *self;
        let is_sequential = burst >= one / 1.25 * (1.0 - MARGIN) && burst <= one * 1.25 * (1.0 + MARGIN);
        let is_limited = burst >= unlimited / 0.8 * (1.0 - MARGIN)
            && (burst <= one / 1.25 * (1.0 + MARGIN) || burst >= one * 1.25 * (1.0 - MARGIN));
        [(self.is_parallel(), Kind::Parallel), (is_sequential, Kind::Sequential), (is_limited, Kind::Limited)]
            .into_iter()
            .filter_map(|(is_right, kind)| is_right.then_some(kind))
            .collect()
    }
}
