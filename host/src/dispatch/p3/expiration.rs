//! Ends an instance that has only cancelled requests, exceeds a timeout, or is idle for too long.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

use super::environment::{Pool, Timer};
use super::instance_state::InstanceState;
use super::occupancy::{EndReason, Expiration};
use super::worker_state::WorkerStatus;
use crate::dispatch::isolation::InstanceLimits;

/// The counterpart of wasmtime's trait of this name (wasmtime-wasi-http, `src/handler.rs`). As there, it is polled outside
/// of the store's event loop, because a guest that computes or blocks in a host call has exclusive access to the store and
/// stops the event loop (upstream issues #11869 and #11870). [`Expiration`] has the decisions.
pub struct WorkerExpiration<P: Pool> {
    pool: P,
    limits: InstanceLimits,
    state: Arc<InstanceState<P::Locks>>,
    timer: P::Timer,
}

impl<P: Pool> WorkerExpiration<P> {
    pub fn new(pool: P, limits: InstanceLimits, state: Arc<InstanceState<P::Locks>>) -> Self {
        Self { timer: pool.timer(), pool, limits, state }
    }

    /// Ready when the instance must end. The status comes with the time when it began.
    pub fn poll(&mut self, context: &mut Context<'_>, status: (WorkerStatus, Instant)) -> Poll<EndReason> {
        if status.0 == WorkerStatus::Idle && self.state.become_idle() {
            self.pool.add_idle(self.state.clone());
        }
        let mut now = self.pool.now();
        loop {
            match self.state.expiration(context, status, &self.limits, now) {
                Expiration::Now(reason) => return Poll::Ready(reason),
                Expiration::Never => return Poll::Pending,
                Expiration::At(time) => {
                    ready!(self.timer.poll_until(context, time));
                    now = time;
                }
            }
        }
    }
}

/// A timer of tokio. The first timeout creates it.
#[derive(Default)]
pub struct TokioTimer(Option<Pin<Box<Sleep>>>);

impl Timer for TokioTimer {
    fn poll_until(&mut self, context: &mut Context<'_>, time: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(time.into())));
        if sleep.deadline() != time.into() {
            sleep.as_mut().reset(time.into());
        }
        sleep.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Mutex;
    use std::time::Duration;

    use tokio::time::{advance, timeout};

    use super::*;
    use crate::dispatch::p3::lock::StdLocks;
    use crate::dispatch::p3::queue::Cancellable;

    const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
    const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
    const GRACE_PERIOD: Duration = Duration::from_millis(20);

    enum NoRequest {}

    impl Cancellable for NoRequest {
        fn is_cancelled(&self) -> bool {
            match *self {}
        }
    }

    /// The idle instances, in place of the admission control.
    #[derive(Clone, Default)]
    struct TestPool(Arc<Mutex<Vec<Arc<InstanceState>>>>);

    impl Pool for TestPool {
        type Locks = StdLocks;
        type Request = NoRequest;
        type Timer = TokioTimer;

        fn now(&self) -> Instant {
            now()
        }

        fn timer(&self) -> TokioTimer {
            TokioTimer::default()
        }

        fn add_idle(&self, state: Arc<InstanceState>) {
            self.0.lock().unwrap().push(state);
        }

        fn notify_capacity(&self) {}

        fn start_instance(&self) {}
    }

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    struct Test {
        pool: TestPool,
        state: Arc<InstanceState>,
        expiration: WorkerExpiration<TestPool>,
    }

    impl Test {
        fn new() -> Self {
            let limits = InstanceLimits {
                max_requests: 9,
                max_concurrent_requests: 9,
                idle_timeout: IDLE_TIMEOUT,
                request_timeout: Some(REQUEST_TIMEOUT),
            };
            let (pool, state) = (TestPool::default(), Arc::<InstanceState>::default());
            let expiration = WorkerExpiration::new(pool.clone(), limits, state.clone());
            Self { pool, state, expiration }
        }

        /// Waits for the end in this status, from now on. Returns the reason, and after how long it ended.
        async fn end(&mut self, status: WorkerStatus) -> (EndReason, Duration) {
            let since = now();
            let reason = poll_fn(|context| self.expiration.poll(context, (status, since))).await;
            (reason, now() - since)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_instance_ends_after_its_timeout() {
        assert_eq!(Test::new().end(WorkerStatus::Idle).await, (EndReason::Idle, IDLE_TIMEOUT));
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_instance_is_listed_and_ends_at_once_when_it_is_evicted() {
        let mut test = Test::new();
        let pool = test.pool.clone();
        let (end, ()) = tokio::join!(test.end(WorkerStatus::Idle), async move {
            advance(IDLE_TIMEOUT / 2).await;
            let idle = std::mem::take(&mut *pool.0.lock().unwrap());
            assert!(idle.len() == 1 && idle[0].evict());
        });
        assert_eq!(end, (EndReason::Idle, IDLE_TIMEOUT / 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_status_without_a_timeout_does_not_end() {
        let mut test = Test::new();
        test.state.add_request(None);
        assert!(timeout(Duration::from_secs(1000), test.end(WorkerStatus::Requests)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_that_blocks_ends_after_the_grace_period() {
        let mut test = Test::new();
        test.state.add_request(Some(now() + REQUEST_TIMEOUT));
        test.state.add_request(Some(now() + 2 * REQUEST_TIMEOUT));
        let blocked = EndReason::Blocked { other_requests: 1 };
        assert_eq!(test.end(WorkerStatus::Requests).await, (blocked, REQUEST_TIMEOUT + GRACE_PERIOD));
    }

    #[tokio::test(start_paused = true)]
    async fn the_work_after_the_responses_ends_after_the_timeout() {
        let end = Test::new().end(WorkerStatus::PostReturn).await;
        assert_eq!(end, (EndReason::PostReturnTimeout, REQUEST_TIMEOUT));
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_ends_when_its_last_request_is_cancelled() {
        for status in [WorkerStatus::Requests, WorkerStatus::PostReturn] {
            let mut test = Test::new();
            test.state.add_request(None);
            let state = test.state.clone();
            let (end, ()) = tokio::join!(test.end(status), async move {
                advance(IDLE_TIMEOUT).await;
                state.cancel_request(None);
            });
            assert_eq!(end, (EndReason::Cancelled, IDLE_TIMEOUT));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_status_sets_the_timer_again() {
        let mut test = Test::new();
        assert!(timeout(REQUEST_TIMEOUT / 2, test.end(WorkerStatus::PostReturn)).await.is_err());
        assert_eq!(test.end(WorkerStatus::Idle).await, (EndReason::Idle, IDLE_TIMEOUT));
    }
}
