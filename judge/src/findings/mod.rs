//! The figures that a verdict is drawn from: the makespan, the order of the completions, and the replies' evidence.

mod first_wave;
mod turned_away;

use crate::arrivals::ArrivalTimes;
use crate::concurrency::effective_concurrency;
use crate::evidence::{Hosts, Overlap, Sharing, WarmPool};
use crate::kind::{PARALLEL, SEQUENTIAL};
use crate::mechanism::Name;
use crate::model::{self, Burst, Explanation};
use crate::posterior::Posterior;
use crate::refusal::Refusals;
use crate::trace::{Ending, Row, Trace};

pub(crate) use first_wave::FirstWave;

/// The figures that a verdict is drawn from.
pub(crate) struct Findings {
    /// The number of good answers.
    pub(crate) answered: usize,
    /// The number of requests that the server turned away, as servers do under load.
    pub(crate) rejected: usize,
    /// Whether broken connections count as refusals, and else as failures.
    pub(crate) depends_on_load: bool,
    /// Why they were refused; `None` if nothing else happened, too.
    pub(crate) refusals: Option<Refusals>,
    /// The number of requests that weren't answered in their time.
    pub(crate) unanswered: usize,
    /// The number of requests that failed at the server for a reason that load doesn't explain.
    pub(crate) failed: usize,
    /// The largest number of requests that would be in a server without limit at once.
    pub(crate) offered: usize,
    /// The generator's largest delay behind the plan, in microseconds.
    pub(crate) late_us: f64,
    /// The service time, in milliseconds.
    pub(crate) service_ms: f64,
    /// The time that one request alone is in the handler, in milliseconds; the service time if it is unknown.
    pub(crate) handler_ms: f64,
    /// The time from the first arrival to the last byte of the last good answer, in milliseconds.
    pub(crate) makespan_ms: f64,
    /// The makespan of a server without limit.
    pub(crate) unlimited_ms: f64,
    /// The makespan of a server that takes one request at a time.
    pub(crate) one_at_a_time_ms: f64,
    /// The effective concurrency, by the makespan alone; 0 if unknown.
    pub(crate) effective: f64,
    /// How probable each explanation is; `None` if there are too few answers, or no service time.
    pub(crate) posterior: Option<Posterior>,
    pub(crate) first_wave: FirstWave,
    pub(crate) sharing: Sharing,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) hosts: Hosts,
    /// Warm instances beside fresh ones; `None` if the replies show none.
    pub(crate) warm_pool: Option<WarmPool>,
}

impl Findings {
    pub(crate) fn of(trace: &Trace) -> Self {
        let arrivals = ArrivalTimes::of(trace);
        let service_us = trace.service_ms * 1e3;
        let unlimited = model::simulate(&arrivals, service_us, arrivals.connections);
        let first_ms = arrivals.first_us() / 1e3;
        let last_us = trace.answered().map(|row| row.done_us).max_by(f64::total_cmp);
        let last_ms = last_us.map_or(first_ms, |last| last / 1e3);
        let offered = unlimited.peak().min(arrivals.connections);
        let effective = effective_concurrency(trace).unwrap_or(0.0);
        let count = |ending| trace.rows.iter().filter(|row| row.ending() == ending).count();
        let depends_on_load = turned_away::depends_on_load(trace);
        let (refused, failed) = (count(Ending::Refused), count(Ending::FailedAtServer));
        let (rejected, failed) = if depends_on_load { (refused, failed) } else { (0, refused + failed) };
        let unlimited_ms = unlimited.end() / 1e3 - first_ms;
        let one_at_a_time_ms = model::simulate(&arrivals, service_us, 1).end() / 1e3 - first_ms;
        let burst = Burst::of(trace, &arrivals, offered, (unlimited_ms, one_at_a_time_ms));
        Self {
            answered: arrivals.count(),
            rejected,
            depends_on_load,
            refusals: Refusals::of(trace),
            unanswered: count(Ending::Unanswered),
            failed,
            offered,
            late_us: arrivals.late_us,
            service_ms: trace.service_ms,
            handler_ms: trace.baseline.handler_ms.unwrap_or(trace.service_ms),
            makespan_ms: (last_ms - first_ms).max(0.0),
            unlimited_ms,
            one_at_a_time_ms,
            effective,
            posterior: burst.as_ref().and_then(Posterior::of),
            first_wave: FirstWave::of(trace, offered),
            sharing: Sharing::of(trace),
            overlap: Overlap::of(trace),
            hosts: Hosts::of(trace),
            warm_pool: WarmPool::of(trace),
        }
    }

    /// Whether the request failed at the server for a reason that load doesn't explain.
    pub(crate) fn is_failure(&self, row: &Row) -> bool {
        let ending = row.ending();
        ending == Ending::FailedAtServer || ending == Ending::Refused && !self.depends_on_load
    }

    /// Whether requests were refused because of the load: all refusals count as such unless they probably were failures
    /// at random.
    pub(crate) fn is_refused(&self) -> bool {
        self.rejected > 0 && self.refusals.as_ref().is_none_or(|refusals| refusals.random_share().is_none())
    }

    /// Whether the makespan is near the makespan of a server without limit.
    pub(crate) fn is_parallel(&self) -> bool {
        self.makespan_ms <= self.unlimited_ms / PARALLEL
    }

    /// Whether the makespan is near the makespan of a server that takes one request at a time, or longer.
    pub(crate) fn is_sequential(&self) -> bool {
        self.makespan_ms >= self.one_at_a_time_ms / SEQUENTIAL
    }

    /// Returns the best explanation if it describes the burst.
    pub(crate) fn explanation(&self) -> Option<&Explanation> {
        self.posterior.as_ref().filter(|posterior| posterior.fit.describes).map(Posterior::best)
    }

    /// Returns the number of requests in a handler at once if none was delayed there: it is the number that was served
    /// at a time.
    pub(crate) fn handlers_at_once(&self) -> Option<usize> {
        let overlap = self.overlap.as_ref()?;
        (self.sharing.took_turns == 0 && overlap.stay_ms <= 1.15 * self.handler_ms).then_some(overlap.at_once)
    }

    /// Whether this mechanism, or one of its class, explains the times best.
    pub(crate) fn may_be(&self, name: Name) -> bool {
        let Some(posterior) = &self.posterior else { return false };
        let class = posterior.mechanisms.first();
        posterior.best().name == name || class.is_some_and(|class| class.class().any(|one| one == name))
    }
}
