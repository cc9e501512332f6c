//! The states of an instance's poll loop: events in, the next state out. No I/O, no clock, no lock.

use std::time::Instant;

use crate::dispatch::isolation::{InstanceLimits, ShouldAccept};

/// The state of an instance's poll loop. Only [`Idle`](Self::Idle), [`Serving`](Self::Serving) and
/// [`PostReturn`](Self::PostReturn) have capacity for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    /// The instance holds no request, and its guest has no work.
    Idle,
    /// The instance has taken a request, and its guest has not waited for anything since: it may compute or block.
    Entering,
    /// The instance holds requests without a response, and its guest waits.
    Serving,
    /// As `Serving`, with the maximum number of requests at once.
    Full,
    /// All requests have a response, and the guest still works.
    PostReturn,
    /// The instance holds requests without a response, and takes no other any more.
    Draining,
    /// As `PostReturn`, after `Draining`.
    Finishing,
    /// The instance takes no request and runs no guest any more.
    Ended,
}

/// The state as the [expiration](super::expiration) sees it; the same as wasmtime's type of this name
/// (wasmtime-wasi-http, `src/handler.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerStatus {
    /// The instance holds no request.
    Idle,
    /// The instance has requests without a response.
    Requests,
    /// All requests have a response, and the guest still works.
    PostReturn,
}

/// The state machine of one instance's poll loop.
pub struct Worker {
    limits: InstanceLimits,
    state: WorkerState,
    /// When the status began; for [`WorkerStatus::Requests`], when the last request was taken.
    since: Instant,
    /// The number of requests without a response.
    requests: usize,
    /// The number of requests that the instance has taken in its life.
    total: usize,
}

impl Worker {
    /// Returns the machine of a new instance, in the state `Idle`.
    pub fn new(limits: InstanceLimits, now: Instant) -> Self {
        Self { limits, state: WorkerState::Idle, since: now, requests: 0, total: 0 }
    }

    /// The status, and since when.
    pub fn status(&self) -> (WorkerStatus, Instant) {
        let status = match self.state {
            WorkerState::Idle | WorkerState::Ended => WorkerStatus::Idle,
            WorkerState::Entering | WorkerState::Serving | WorkerState::Full | WorkerState::Draining => {
                WorkerStatus::Requests
            }
            WorkerState::PostReturn | WorkerState::Finishing => WorkerStatus::PostReturn,
        };
        (status, self.since)
    }

    pub fn state(&self) -> WorkerState {
        self.state
    }

    /// Whether the instance may take another request now.
    pub fn has_capacity(&self) -> bool {
        matches!(self.state, WorkerState::Idle | WorkerState::Serving | WorkerState::PostReturn)
    }

    /// Whether a request has no response yet.
    pub fn has_requests(&self) -> bool {
        self.requests > 0
    }

    /// The instance has taken a request.
    pub fn request_taken(&mut self, now: Instant) {
        self.requests += 1;
        self.total += 1;
        self.since = now;
        self.state = match self.limits.should_accept(self.requests, self.total) {
            ShouldAccept::Never => WorkerState::Draining,
            ShouldAccept::Yes | ShouldAccept::No => WorkerState::Entering,
        };
    }

    /// A request has its response, or was cancelled before. After a cancellation the instance takes no request any more: the
    /// guest may still work on the cancelled one.
    pub fn request_left(&mut self, has_response: bool, now: Instant) {
        self.requests -= 1;
        let is_closed = !has_response || self.state == WorkerState::Draining;
        self.state = match (is_closed, self.requests) {
            (true, 0) => WorkerState::Finishing,
            (true, _) => WorkerState::Draining,
            (false, 0) => WorkerState::PostReturn,
            (false, _) if self.state == WorkerState::Full => WorkerState::Serving,
            (false, _) => self.state,
        };
        if self.requests == 0 {
            self.since = now;
        }
    }

    /// The guest waits for something. Returns whether the instance has capacity because of that.
    pub fn guest_waits(&mut self) -> bool {
        if self.state != WorkerState::Entering {
            return false;
        }
        self.state = match self.limits.should_accept(self.requests, self.total) {
            ShouldAccept::Yes => WorkerState::Serving,
            ShouldAccept::No | ShouldAccept::Never => WorkerState::Full,
        };
        self.state == WorkerState::Serving
    }

    /// The instance holds no request, and the guest has no work. `is_ready` says whether the guest accepts another call.
    pub fn work_done(&mut self, is_ready: bool, now: Instant) {
        match self.state {
            WorkerState::Idle if is_ready => {}
            WorkerState::PostReturn if is_ready => (self.state, self.since) = (WorkerState::Idle, now),
            _ => self.state = WorkerState::Ended,
        }
    }

    /// The host ends the instance, or the guest has failed.
    pub fn end(&mut self) {
        self.state = WorkerState::Ended;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use WorkerState::*;

    /// A machine that holds `requests` of at most 2 at once, after `total` of at most 4.
    fn worker(state: WorkerState, requests: usize, total: usize) -> Worker {
        let limits = InstanceLimits {
            max_requests: 4,
            max_concurrent_requests: 2,
            idle_timeout: Duration::from_secs(1),
            request_timeout: None,
        };
        Worker { state, requests, total, ..Worker::new(limits, Instant::now()) }
    }

    fn after(mut worker: Worker, event: impl FnOnce(&mut Worker, Instant)) -> WorkerState {
        event(&mut worker, Instant::now());
        worker.state
    }

    fn taken(state: WorkerState, requests: usize, total: usize) -> WorkerState {
        after(worker(state, requests, total), Worker::request_taken)
    }

    fn left(state: WorkerState, requests: usize, has_response: bool) -> WorkerState {
        after(worker(state, requests, 2), |worker, now| worker.request_left(has_response, now))
    }

    fn waits(state: WorkerState, requests: usize) -> (bool, WorkerState) {
        let mut worker = worker(state, requests, requests);
        (worker.guest_waits(), worker.state)
    }

    fn done(state: WorkerState, is_ready: bool) -> WorkerState {
        after(worker(state, 0, 1), |worker, now| worker.work_done(is_ready, now))
    }

    #[test]
    fn a_taken_request_enters() {
        assert_eq!(taken(Idle, 0, 0), Entering);
        assert_eq!(taken(Serving, 1, 1), Entering);
        assert_eq!(taken(PostReturn, 0, 2), Entering);
    }

    #[test]
    fn the_last_request_of_an_instance_drains_it() {
        for (state, requests) in [(Idle, 0), (Serving, 1), (PostReturn, 0)] {
            assert_eq!(taken(state, requests, 3), Draining);
        }
    }

    #[test]
    fn a_guest_that_waits_serves_until_the_instance_is_full() {
        assert_eq!(waits(Entering, 1), (true, Serving));
        assert_eq!(waits(Entering, 2), (false, Full));
        for state in [Idle, Serving, Full, PostReturn, Draining, Finishing, Ended] {
            assert_eq!(waits(state, 1), (false, state));
        }
    }

    #[test]
    fn a_response_makes_room() {
        assert_eq!(left(Full, 2, true), Serving);
        assert_eq!(left(Serving, 2, true), Serving);
        assert_eq!(left(Entering, 2, true), Entering, "the guest has not waited since the last request");
        assert_eq!(left(Draining, 2, true), Draining);
    }

    #[test]
    fn the_last_response_begins_the_post_return() {
        for state in [Entering, Serving, Full] {
            assert_eq!(left(state, 1, true), PostReturn);
        }
        assert_eq!(left(Draining, 1, true), Finishing);
    }

    #[test]
    fn a_cancelled_request_drains_the_instance() {
        for state in [Entering, Serving, Full, Draining] {
            assert_eq!(left(state, 2, false), Draining);
            assert_eq!(left(state, 1, false), Finishing);
        }
    }

    #[test]
    fn an_instance_without_work_idles_or_ends() {
        assert_eq!(done(PostReturn, true), Idle);
        assert_eq!(done(Idle, true), Idle);
        for (state, is_ready) in [(PostReturn, false), (Idle, false), (Finishing, true), (Finishing, false)] {
            assert_eq!(done(state, is_ready), Ended);
        }
    }

    #[test]
    fn the_host_ends_an_instance_in_any_state() {
        for state in [Idle, Entering, Serving, Full, PostReturn, Draining, Finishing] {
            assert_eq!(after(worker(state, 0, 0), |worker, _| worker.end()), Ended);
        }
    }

    #[test]
    fn only_three_states_have_capacity() {
        for state in [Idle, Serving, PostReturn] {
            assert!(worker(state, 1, 1).has_capacity());
        }
        for state in [Entering, Full, Draining, Finishing, Ended] {
            assert!(!worker(state, 1, 1).has_capacity());
        }
    }

    /// The times of the statuses; the clock is paused, so each time is exact.
    #[tokio::test(start_paused = true)]
    async fn a_status_begins_with_the_event_that_causes_it() {
        let now = || tokio::time::Instant::now().into_std();
        let second = Duration::from_secs(1);
        let start = now();
        let mut worker = worker(Idle, 0, 0);
        tokio::time::advance(second).await;
        worker.request_taken(now());
        worker.guest_waits();
        tokio::time::advance(second).await;
        worker.request_taken(now());
        assert_eq!(worker.status(), (WorkerStatus::Requests, start + 2 * second), "the last request");
        tokio::time::advance(second).await;
        worker.request_left(true, now());
        assert_eq!(worker.status(), (WorkerStatus::Requests, start + 2 * second));
        worker.request_left(true, now());
        assert_eq!(worker.status(), (WorkerStatus::PostReturn, start + 3 * second));
        tokio::time::advance(second).await;
        worker.work_done(true, now());
        tokio::time::advance(second).await;
        worker.work_done(true, now());
        assert_eq!(worker.status(), (WorkerStatus::Idle, start + 4 * second), "idle since then");
    }
}
