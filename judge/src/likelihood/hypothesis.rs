//! A server of a known kind with known parameters.

use super::ServiceTime;

/// What a server does with a burst.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hypothesis {
    /// The times at which requests are ready for service, sorted: their arrivals, or later.
    pub(crate) ready: Vec<f64>,
    pub(crate) capacity: Capacity,
    pub(crate) speed: Speed,
    pub(crate) service: ServiceTime,
}

/// How many requests can be in service at once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Capacity {
    Unlimited,
    Workers(usize),
    /// `from` workers, and one more every `every` seconds, up to `to`.
    Growing {
        from: usize,
        to: usize,
        every: f64,
    },
    /// The number of workers from each time on, sorted by time.
    Steps(Vec<(f64, usize)>),
}

/// How fast the requests in service advance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Speed {
    Full,
    /// This many processors, shared by all.
    Shared(f64),
    /// No request advances from the first time to the second.
    Frozen(f64, f64),
    /// Requests advance, but no answer leaves from the first time to the second.
    Held(f64, f64),
}

impl Capacity {
    /// Returns the number of workers at a time.
    pub(super) fn at(&self, time: f64) -> f64 {
        match self {
            Self::Unlimited => f64::INFINITY,
            Self::Workers(count) => *count as f64,
            Self::Growing { from, to, every } => {
                ((*from as f64) + (time.max(0.0) / every).floor()).min(*to as f64)
            }
            Self::Steps(steps) => {
                let after = steps.partition_point(|(from, _)| *from <= time);
                steps.get(after.saturating_sub(1)).map_or(f64::INFINITY, |(_, count)| *count as f64)
            }
        }
    }

    /// Returns the first time after `time` at which the number changes.
    pub(super) fn next_change(&self, time: f64) -> f64 {
        match self {
            Self::Unlimited | Self::Workers(_) => f64::INFINITY,
            Self::Growing { from, to, every } => {
                let next = (time / every + 1e-9).floor() + 1.0;
                if *from as f64 + next > *to as f64 { f64::INFINITY } else { next * every }
            }
            Self::Steps(steps) => {
                let after = steps.partition_point(|(from, _)| *from <= time);
                steps.get(after).map_or(f64::INFINITY, |(from, _)| *from)
            }
        }
    }
}

impl Speed {
    /// Returns the time by which requests in service advance between two times, with so many in service.
    pub(super) fn advance(self, from: f64, to: f64, busy: f64) -> f64 {
        match self {
            Self::Full | Self::Held(..) => to - from,
            Self::Shared(cores) => (to - from) * (cores / busy.max(cores)),
            Self::Frozen(start, end) => (to - from) - (to.min(end) - from.max(start)).max(0.0),
        }
    }

    /// Whether no answer leaves between two times.
    pub(super) fn holds(self, from: f64, to: f64) -> bool {
        matches!(self, Self::Held(start, end) if start <= from + 1e-9 && to <= end + 1e-9)
    }
}
