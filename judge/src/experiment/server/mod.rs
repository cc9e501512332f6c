//! Small servers of each mechanism: they replicate arrivals into answers.
//!
//! Between two experiments a server is idle, but keeps its state: the tokens of a bucket, the instances that are warm, the
//! workers that were added, the processes of connections. Times are seconds by the server's own clock.

mod instances;
mod paced;
mod pools;
mod refusing;
mod shared;

pub(super) use instances::{Growing, Instances, SingleFlight};
pub(super) use paced::{Accepting, Bucket, Window, WindowEstimate};
pub(super) use pools::{Held, Holders, Pool, Sticky, Unordered};
pub(super) use refusing::{Capped, Deadline, Failing};
pub(super) use shared::{Batches, Processors, Unlimited};

/// A request that arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) at: f64,
    /// How long it takes alone.
    pub(super) work: f64,
    /// Its connection; a fresh connection has a number of its own.
    pub(super) connection: usize,
    /// Whether its connection is new.
    pub(super) is_fresh: bool,
    /// A number from 0 to 1 for what the server leaves to chance.
    pub(super) chance: f64,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Answer {
    pub(super) at: f64,
    /// Whether the request was served, and not refused.
    pub(super) is_good: bool,
}

impl Answer {
    fn good(at: f64) -> Self {
        Self { at, is_good: true }
    }

    /// A refusal takes hardly any time.
    fn refused(at: f64) -> Self {
        Self { at: at + 0.000_3, is_good: false }
    }
}

/// A server.
pub(super) trait Server {
    /// Serves requests, sorted by their arrivals, on an idle server. Returns an answer for each.
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer>;

    /// An experiment of this number begins.
    fn begin(&mut self, _experiment: usize) {}

    /// Returns the same server in the same state.
    fn copy(&self) -> Box<dyn Server>;
}

/// The times at which each of several workers is free again.
#[derive(Debug, Clone)]
struct Workers(Vec<f64>);

impl Workers {
    fn new(count: usize) -> Self {
        Self(vec![f64::NEG_INFINITY; count.max(1)])
    }

    /// The worker that is free first.
    fn first(&self) -> usize {
        (0..self.0.len()).min_by(|a, b| self.0[*a].total_cmp(&self.0[*b])).unwrap_or(0)
    }

    /// Takes the worker that is free first for so long; returns when it ends.
    fn take(&mut self, ready: f64, time: f64) -> f64 {
        let first = self.first();
        let end = self.0[first].max(ready) + time;
        self.0[first] = end;
        end
    }
}
