//! The requests that the server took, and those that it refused, in the order of their sends.

use crate::trace::{Ending, Outcome, Row, Trace};

/// Requests that are sent within this time of each other, in microseconds, may arrive in another order. The right value
/// depends on the server and its machine, so the likelihoods are averaged over these.
const REORDERED_US: [f64; 4] = [300.0, 1_000.0, 3_000.0, 10_000.0];

/// A request that the server took or refused. Times are microseconds from the burst's start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Request {
    pub(super) sent: f64,
    /// The time of the answer or the refusal.
    pub(super) done: f64,
    pub(super) taken: bool,
}

/// The requests of a burst in the order of their sends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Load {
    pub(super) requests: Vec<Request>,
    /// The number of requests that the server took.
    pub(super) taken: usize,
    pub(super) service_us: f64,
    /// The largest number of requests in flight.
    pub(super) connections: usize,
}

/// Requests that may have arrived in any order, because they were sent at nearly the same time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// The indices of the group's requests.
    pub(super) from: usize,
    pub(super) to: usize,
    /// The time of the first send, and the latest possible arrival.
    pub(super) start: f64,
    pub(super) end: f64,
    /// The number of requests of the group that the server took.
    pub(super) taken: usize,
    /// The number of requests of earlier groups that the server took.
    pub(super) taken_before: usize,
}

impl Load {
    /// Returns `None` unless some requests were taken and some refused.
    pub(super) fn of(trace: &Trace) -> Option<Self> {
        let mut requests: Vec<Request> = trace.rows.iter().filter_map(request).collect();
        // Requests that were sent at the same time arrive in the order of their connections, if in any.
        requests.sort_by(|a, b| a.sent.total_cmp(&b.sent));
        let taken = requests.iter().filter(|request| request.taken).count();
        let service_us = trace.service_ms * 1e3;
        let known = service_us.is_finite() && service_us > 0.0;
        (known && 0 < taken && taken < requests.len()).then(|| Self {
            requests,
            taken,
            service_us,
            connections: trace.schedule.connections(),
        })
    }

    pub(super) fn count(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn refused(&self) -> usize {
        self.count() - self.taken
    }

    /// Returns the times from send to refusal, sorted.
    pub(super) fn waits(&self) -> Vec<f64> {
        self.latencies(false)
    }

    /// Returns the times from send to answer of the requests that were taken, or else of those that were refused.
    pub(super) fn latencies(&self, taken: bool) -> Vec<f64> {
        let requests = self.requests.iter().filter(|request| request.taken == taken);
        let mut times: Vec<f64> = requests.map(|request| request.done - request.sent).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    /// Returns the groups for each plausible time in which requests may arrive in another order. Arrivals that are a
    /// large part of the service time apart keep their order.
    pub(super) fn groupings(&self) -> Vec<Vec<Group>> {
        let longest = (self.service_us / 4.0).max(REORDERED_US[0]);
        let within = REORDERED_US.iter().filter(|within| **within <= longest);
        within.map(|within| self.groups(*within)).collect()
    }

    fn groups(&self, within: f64) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut taken_before = 0;
        for (i, request) in self.requests.iter().enumerate() {
            let taken = usize::from(request.taken);
            match groups.last_mut() {
                Some(group) if request.sent <= group.start + within => {
                    (group.to, group.end) = (i + 1, request.sent + within);
                    group.taken += taken;
                }
                _ => groups.push(Group {
                    from: i,
                    to: i + 1,
                    start: request.sent,
                    end: request.sent + within,
                    taken,
                    taken_before,
                }),
            }
            taken_before += taken;
        }
        groups
    }
}

impl Group {
    pub(super) fn count(&self) -> usize {
        self.to - self.from
    }

    pub(super) fn has_refusal(&self) -> bool {
        self.taken < self.count()
    }
}

/// Returns `None` if the server neither took nor refused the request, as far as is known.
fn request(row: &Row) -> Option<Request> {
    let (sent, done) = (row.began_us()?, row.done_us);
    let taken = match row.ending() {
        Ending::Answered | Ending::Unanswered => true,
        Ending::Refused => false,
        // A handler gave the status, so the server had taken the request.
        Ending::FailedAtServer if matches!(row.outcome, Outcome::Answered(_)) => true,
        Ending::FailedAtServer | Ending::FailedAtClient => return None,
    };
    (sent.is_finite() && done.is_finite() && done >= sent).then_some(Request { sent, done, taken })
}
