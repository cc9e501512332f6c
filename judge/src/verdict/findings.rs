//! What a verdict is drawn from: two witnesses, the makespan and the order of the answers, and beside
//! them what the replies say.

use super::arrivals::Arrivals;
use super::fit::{self, Fit};
use super::hosts::Hosts;
use super::kind::Kind;
use super::overlap::Overlap;
use super::sharing::Sharing;
use super::{effective, is_rejection, model};
use crate::stats::percentile;
use crate::trace::{Row, Trace};

/// A makespan up to the unlimited server's, divided by this, is parallel.
pub const PARALLEL: f64 = 0.8;
/// A makespan from the one-at-a-time server's, divided by this, is sequential.
pub const SEQUENTIAL: f64 = 1.25;

/// What a verdict is drawn from.
pub struct Findings {
    /// How many requests were answered well.
    pub answered: usize,
    /// How many the server rejected.
    pub rejected: usize,
    /// The most that would be there at once on a server without limit.
    pub offered: usize,
    /// How late the generator itself sent, at most, in microseconds.
    pub late_us: f64,
    pub service_ms: f64,
    /// From the first arrival to the last byte of the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// The same on a server without limit.
    pub unlimited_ms: f64,
    /// The same on a server that takes one request at a time.
    pub one_at_a_time_ms: f64,
    /// How many requests were served at a time, judged by the makespan alone.
    pub effective: f64,
    pub fit: Option<Fit>,
    pub first: FirstWave,
    pub sharing: Sharing,
    pub overlap: Option<Overlap>,
    pub hosts: Hosts,
}

/// How long the requests took that came first, as many as could be there at once: nothing but the
/// server's limit, or what its processors had to share, makes those wait.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FirstWave {
    /// In service times of a request alone, sorted.
    took: Vec<f64>,
}

impl Findings {
    pub fn of(trace: &Trace) -> Self {
        let arrivals = Arrivals::of(trace);
        let service_us = trace.service_ms * 1e3;
        let unlimited = model::simulate(&arrivals, service_us, arrivals.connections);
        let first_ms = arrivals.first_us() / 1e3;
        let last_us = trace.answered().map(|row| row.done_us).max_by(f64::total_cmp);
        let last_ms = last_us.map_or(first_ms, |last| last / 1e3);
        let offered = unlimited.peak().min(arrivals.connections);
        let effective = effective::effective_concurrency(trace).unwrap_or(0.0);
        Self {
            answered: arrivals.count(),
            rejected: trace.rows.iter().filter(|row| is_rejection(row)).count(),
            offered,
            late_us: arrivals.late_us,
            service_ms: trace.service_ms,
            makespan_ms: (last_ms - first_ms).max(0.0),
            unlimited_ms: unlimited.end() / 1e3 - first_ms,
            one_at_a_time_ms: model::simulate(&arrivals, service_us, 1).end() / 1e3 - first_ms,
            effective,
            fit: fit::fit(trace, &arrivals, offered, effective),
            first: FirstWave::of(trace, offered),
            sharing: Sharing::of(trace),
            overlap: Overlap::of(trace),
            hosts: Hosts::of(trace),
        }
    }

    pub fn is_parallel(&self) -> bool {
        self.makespan_ms <= self.unlimited_ms / PARALLEL
    }

    pub fn is_sequential(&self) -> bool {
        self.makespan_ms >= self.one_at_a_time_ms / SEQUENTIAL
    }

    /// What the makespan says; and where it is near an unlimited server's, though the answers came in
    /// waves of less than all, what those say.
    pub fn kind(&self) -> Kind {
        let inside = self.seen_inside();
        match (self.is_parallel(), self.is_sequential()) {
            // All that were there were in a handler at once, and took no longer for it.
            (_, false) if inside.is_some_and(|inside| inside > 1 && inside >= self.offered) => Kind::Parallel,
            // Each waits for the others of its instance, and there is but one.
            (false, _) if self.sharing.batched && self.sharing.is_all_in_one(self.answered) => {
                Kind::Sequential
            }
            (true, true) => Kind::Inconclusive,
            _ if self.offered <= 1 => Kind::Inconclusive,
            (true, false) if self.pool().is_some_and(|fit| fit.high < self.offered) => Kind::Limited,
            (true, false) => Kind::Parallel,
            (false, true) => Kind::Sequential,
            (false, false) => Kind::Limited,
        }
    }

    /// The fit, where the answers follow it.
    pub fn pool(&self) -> Option<&Fit> {
        self.fit.as_ref().filter(|fit| fit.holds)
    }

    /// How many were inside a handler at once, where none of them was held up in there: then that is
    /// how many were served at a time.
    pub fn seen_inside(&self) -> Option<usize> {
        let overlap = self.overlap.as_ref()?;
        (self.sharing.took_turns == 0 && overlap.inside_ms <= 1.15 * self.service_ms).then_some(overlap.all)
    }
}

impl FirstWave {
    fn of(trace: &Trace, offered: usize) -> Self {
        let mut rows: Vec<&Row> = trace.answered().filter(|row| row.sent_us.is_some()).collect();
        let sent = |row: &Row| row.sent_us.unwrap_or(0.0);
        rows.sort_by(|a, b| sent(a).total_cmp(&sent(b)).then(a.done_us.total_cmp(&b.done_us)));
        rows.truncate(offered);
        let service_us = (trace.service_ms * 1e3).max(f64::MIN_POSITIVE);
        let mut took: Vec<f64> = rows.iter().map(|row| (row.done_us - sent(row)) / service_us).collect();
        took.sort_by(f64::total_cmp);
        Self { took }
    }

    /// Whether all were slowed: nine of ten took much longer than one alone, and at least half as long
    /// as the slowest. No pool's first wave is late; processors that are shared, with neighbours too,
    /// make all late, and some later than others.
    pub fn is_stretched(&self) -> bool {
        let quick = percentile(&self.took, 0.1);
        quick
            .zip(self.took.last())
            .is_some_and(|(quick, slowest)| quick >= 1.0 / PARALLEL && quick >= slowest / 2.0)
    }

    /// The mean, and the relative spread: from the quickest of nine in ten to the slowest, to either side.
    pub fn typical(&self) -> (f64, f64) {
        let mean = self.took.iter().sum::<f64>() / self.took.len().max(1) as f64;
        let ends = percentile(&self.took, 0.05).zip(percentile(&self.took, 0.95));
        (mean, ends.map_or(0.0, |(quick, slow)| (slow - quick) / (slow + quick).max(f64::MIN_POSITIVE)))
    }

    /// How many took more than half a service time longer than they need have.
    pub fn waited(&self) -> usize {
        self.took.len() - self.took.partition_point(|took| *took < 1.5)
    }
}
