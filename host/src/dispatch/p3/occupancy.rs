//! What an instance holds, and when it must end: events in, decisions out. No I/O, no clock, no lock.

use std::time::{Duration, Instant};

use super::worker_state::WorkerStatus;
use crate::dispatch::isolation::InstanceLimits;

/// The time after a request's deadline until its guest counts as blocking. A guest that doesn't block its instance has
/// its request cancelled at the deadline, and the instance continues.
const GRACE_PERIOD: Duration = Duration::from_millis(20);

/// The requests of an instance as their clients see them, and its place in the admission control.
#[derive(Debug, Default)]
pub struct Occupancy {
    /// The number of requests that are not complete and have a client.
    active: usize,
    /// The number of requests that were cancelled, because their clients are gone or got a timeout. The guest may still
    /// work on them.
    cancelled: usize,
    /// The deadlines of the requests without a response.
    deadlines: Vec<Instant>,
    activity: Activity,
}

/// Whether the admission control may evict the instance: end it, because a request needs its permit.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// The instance holds a request, or may take one at this moment.
    #[default]
    Busy,
    /// As `Busy`, and in the list of idle instances from an earlier time.
    BusyListed,
    /// The instance may be evicted. It is in the list, or its task is about to add it.
    Idle,
    /// The instance ends, and takes no request any more.
    Evicted,
}

/// Whether an instance must end.
#[derive(Debug, PartialEq, Eq)]
pub enum Expiration {
    Now(EndReason),
    /// At this time, if nothing changes until then.
    At(Instant),
    Never,
}

/// The reason why the host ends an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host ended the instance")]
pub enum EndReason {
    /// It was idle for too long, or evicted.
    Idle,
    /// All of its requests are cancelled.
    Cancelled,
    /// A request exceeded its timeout while the guest blocked the instance.
    Blocked {
        /// The number of other requests that the instance held.
        other_requests: usize,
    },
    /// All requests have their responses, and the guest's work afterwards exceeded the timeout.
    PostReturnTimeout,
}

impl Occupancy {
    /// The instance has taken a request.
    pub fn add(&mut self, deadline: Option<Instant>) {
        self.active += 1;
        self.deadlines.extend(deadline);
    }

    /// The instance has taken a request that was cancelled before.
    pub fn add_cancelled(&mut self) {
        self.cancelled += 1;
    }

    /// A request has the head of its response.
    pub fn remove_deadline(&mut self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        if let Some(index) = self.deadlines.iter().position(|other| *other == deadline) {
            self.deadlines.swap_remove(index);
        }
    }

    /// A client has its whole response.
    pub fn complete(&mut self, deadline: Option<Instant>) {
        self.remove_deadline(deadline);
        self.active -= 1;
    }

    /// A client has left.
    pub fn cancel(&mut self, deadline: Option<Instant>) {
        self.complete(deadline);
        self.cancelled += 1;
    }

    /// The instance holds no request. Returns whether it must be added to the list of idle instances.
    pub fn become_idle(&mut self) -> bool {
        let must_list = self.activity == Activity::Busy;
        if matches!(self.activity, Activity::Busy | Activity::BusyListed) {
            self.activity = Activity::Idle;
        }
        must_list
    }

    /// The instance is about to take a request. Returns `false` if it is evicted, and must not.
    pub fn become_busy(&mut self) -> bool {
        if self.activity == Activity::Idle {
            self.activity = Activity::BusyListed;
        }
        self.activity != Activity::Evicted
    }

    /// The admission control takes the instance off the list, to evict it. Returns whether the instance ends. A busy one is
    /// added again when it becomes idle.
    pub fn try_evict(&mut self) -> bool {
        let is_idle = self.activity == Activity::Idle;
        match self.activity {
            Activity::Idle => self.activity = Activity::Evicted,
            Activity::BusyListed => self.activity = Activity::Busy,
            Activity::Busy | Activity::Evicted => {}
        }
        is_idle
    }

    /// Decides whether the instance must end. `since` is when it got its status.
    pub fn expiration(
        &self,
        (status, since): (WorkerStatus, Instant),
        limits: &InstanceLimits,
        now: Instant,
    ) -> Expiration {
        if status != WorkerStatus::Idle && self.active == 0 && self.cancelled > 0 {
            return Expiration::Now(EndReason::Cancelled);
        }
        // A timeout beyond the clock's range is no limit.
        let end = match status {
            WorkerStatus::Idle if self.activity == Activity::Evicted => Some(now),
            WorkerStatus::Idle => since.checked_add(limits.idle_timeout),
            WorkerStatus::Requests => self.deadlines.iter().min().map(|deadline| *deadline + GRACE_PERIOD),
            WorkerStatus::PostReturn => limits.request_timeout.and_then(|timeout| since.checked_add(timeout)),
        };
        match end {
            None => Expiration::Never,
            Some(end) if end > now => Expiration::At(end),
            Some(_) => Expiration::Now(match status {
                WorkerStatus::Idle => EndReason::Idle,
                WorkerStatus::Requests => EndReason::Blocked { other_requests: self.within_deadline(now) },
                WorkerStatus::PostReturn => EndReason::PostReturnTimeout,
            }),
        }
    }

    /// The numbers of active requests, cancelled requests and deadlines.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.active, self.cancelled, self.deadlines.len())
    }

    /// The number of active requests whose deadlines have not passed.
    fn within_deadline(&self, now: Instant) -> usize {
        let late = self.deadlines.iter().filter(|deadline| **deadline <= now).count();
        self.active.saturating_sub(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(request_timeout: Option<Duration>) -> InstanceLimits {
        InstanceLimits { max_requests: 9, max_concurrent_requests: 9, idle_timeout: SECOND, request_timeout }
    }

    fn with_activity(activity: Activity) -> Occupancy {
        Occupancy { activity, ..Occupancy::default() }
    }

    /// Checks the result of an event and the next activity, for each activity.
    fn check_activities(event: impl Fn(&mut Occupancy) -> bool, expected: [(Activity, bool, Activity); 4]) {
        for (before, result, after) in expected {
            let mut occupancy = with_activity(before);
            assert_eq!((event(&mut occupancy), occupancy.activity), (result, after), "{before:?}");
        }
    }

    #[test]
    fn an_instance_that_becomes_idle_is_listed_once() {
        use Activity::*;
        check_activities(
            Occupancy::become_idle,
            [(Busy, true, Idle), (BusyListed, false, Idle), (Idle, false, Idle), (Evicted, false, Evicted)],
        );
    }

    #[test]
    fn an_evicted_instance_takes_no_request() {
        use Activity::*;
        check_activities(
            Occupancy::become_busy,
            [
                (Busy, true, Busy),
                (BusyListed, true, BusyListed),
                (Idle, true, BusyListed),
                (Evicted, false, Evicted),
            ],
        );
    }

    #[test]
    fn only_an_idle_instance_is_evicted() {
        use Activity::*;
        check_activities(
            Occupancy::try_evict,
            [
                (Busy, false, Busy),
                (BusyListed, false, Busy),
                (Idle, true, Evicted),
                (Evicted, false, Evicted),
            ],
        );
    }

    #[test]
    fn each_request_is_counted_as_active_or_cancelled() {
        let mut occupancy = Occupancy::default();
        let deadlines = [1, 2].map(|seconds| Some(Instant::now() + seconds * SECOND));
        occupancy.add(deadlines[0]);
        occupancy.add(deadlines[1]);
        occupancy.add_cancelled();
        assert_eq!(occupancy.counts(), (2, 1, 2));
        occupancy.remove_deadline(deadlines[0]);
        occupancy.complete(None);
        assert_eq!(occupancy.counts(), (1, 1, 1));
        occupancy.cancel(deadlines[1]);
        assert_eq!(occupancy.counts(), (0, 2, 0));
    }

    #[test]
    fn an_idle_instance_ends_after_its_timeout_or_when_it_is_evicted() {
        let now = Instant::now();
        let decide = |occupancy: &Occupancy, since| {
            occupancy.expiration((WorkerStatus::Idle, since), &limits(None), now)
        };
        assert_eq!(decide(&with_activity(Activity::Idle), now), Expiration::At(now + SECOND));
        assert_eq!(decide(&with_activity(Activity::Idle), now - SECOND), Expiration::Now(EndReason::Idle));
        assert_eq!(decide(&with_activity(Activity::Evicted), now), Expiration::Now(EndReason::Idle));
        let cancelled = Occupancy { cancelled: 1, ..Occupancy::default() };
        assert_eq!(decide(&cancelled, now), Expiration::At(now + SECOND), "its guest has no work for it");
    }

    #[test]
    fn an_instance_with_only_cancelled_requests_ends() {
        let now = Instant::now();
        for status in [WorkerStatus::Requests, WorkerStatus::PostReturn] {
            let mut occupancy = Occupancy::default();
            occupancy.add(None);
            occupancy.add_cancelled();
            assert_eq!(occupancy.expiration((status, now), &limits(None), now), Expiration::Never);
            occupancy.cancel(None);
            let expiration = occupancy.expiration((status, now), &limits(None), now);
            assert_eq!(expiration, Expiration::Now(EndReason::Cancelled));
        }
    }

    #[test]
    fn an_instance_that_blocks_ends_after_the_earliest_deadline() {
        let now = Instant::now();
        let mut occupancy = Occupancy::default();
        occupancy.add(None);
        occupancy.add(Some(now + SECOND));
        occupancy.add(Some(now));
        let decide = |now| occupancy.expiration((WorkerStatus::Requests, now), &limits(Some(SECOND)), now);
        assert_eq!(decide(now), Expiration::At(now + GRACE_PERIOD));
        let blocked = EndReason::Blocked { other_requests: 2 };
        assert_eq!(decide(now + GRACE_PERIOD), Expiration::Now(blocked));
    }

    #[test]
    fn the_work_after_the_responses_has_the_timeout_of_a_request() {
        let now = Instant::now();
        let decide = |since, timeout| {
            Occupancy::default().expiration((WorkerStatus::PostReturn, since), &limits(timeout), now)
        };
        assert_eq!(decide(now, None), Expiration::Never);
        assert_eq!(decide(now, Some(SECOND)), Expiration::At(now + SECOND));
        assert_eq!(decide(now, Some(Duration::MAX)), Expiration::Never);
        assert_eq!(decide(now - SECOND, Some(SECOND)), Expiration::Now(EndReason::PostReturnTimeout));
    }
}
