//! Which kinds are right, from makespans.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    /// `services` are the times that the server drew, of this mean; `alone` is the mean time of a request alone.
    pub(super) fn new(burst: f64, load: Load, services: &[f64], mean: f64, alone: f64) -> Self {
        let last_send = load.spacing * load.c.min(load.n).saturating_sub(1) as f64;
        let one = (load.n as f64 * alone).max(last_send + alone);
        Self { burst, unlimited: unlimited(load, services, mean, alone), one }
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
        [
            (self.is_parallel(), Kind::Parallel),
            (is_sequential, Kind::Sequential),
            (is_limited, Kind::Limited),
        ]
        .into_iter()
        .filter_map(|(is_right, kind)| is_right.then_some(kind))
        .collect()
    }
}

/// The makespan of a server without limit with these service times. Times that the server never drew are `alone`.
fn unlimited(load: Load, services: &[f64], mean: f64, alone: f64) -> f64 {
    // What the server adds to each request, also to one alone.
    let added = (alone - mean).max(0.0);
    let mut services = services.iter().map(|service| service + added).chain(std::iter::repeat(alone));
    let mut free = BinaryHeap::new();
    let mut last = 0.0_f64;
    for i in 0..load.n {
        let sent = if i < load.c { i as f64 * load.spacing } else { time(free.pop()) };
        let done = sent + services.next().unwrap_or(alone);
        last = last.max(done);
        free.push(Reverse((done * 1e9) as u64));
    }
    last
}

fn time(nanoseconds: Option<Reverse<u64>>) -> f64 {
    nanoseconds.map_or(0.0, |Reverse(ns)| ns as f64 / 1e9)
}
