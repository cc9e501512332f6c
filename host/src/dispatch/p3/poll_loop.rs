//! The poll loop of an instance: it takes requests from the queue while the instance has capacity, until the instance ends.
//!
//! The loop follows `Worker::run_` of wasmtime's handler (wasmtime-wasi-http, `src/handler.rs`), and so Spin. After an
//! instance has taken a request, it takes no other until its guest waits for something: until then, the guest may compute
//! or block, and another instance can serve the next request at once. [`Worker`] has the states.

use std::future::poll_fn;
use std::ops::DerefMut;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream};

use super::environment::{GuestCalls, Pool};
use super::expiration::WorkerExpiration;
use super::instance_state::InstanceState;
use super::lock::{Lock, Locks};
use super::occupancy::EndReason;
use super::queue::Consumer;
use super::worker_state::{Worker, WorkerState};
use crate::dispatch::isolation::InstanceLimits;

/// The poll loop of one instance.
pub struct PollLoop<P: Pool> {
    pool: P,
    pub limits: InstanceLimits,
    pub state: Arc<InstanceState<P::Locks>>,
    worker: <P::Locks as Locks>::Mutex<Worker>,
}

/// Whether the instance takes requests from the queue.
pub struct Availability<P: Pool> {
    pool: P,
    consumer: Consumer<P::Request, P::Locks>,
}

impl<P: Pool> PollLoop<P> {
    pub fn new(pool: P, limits: InstanceLimits) -> Self {
        let worker = Lock::new(Worker::new(limits, pool.now()));
        Self { pool, limits, state: Arc::default(), worker }
    }

    /// Polls the store's event loop, in which [`serve`](Self::serve) runs, until it ends or expires.
    pub async fn run(&self, event_loop: impl Future<Output = wasmtime::Result<()>>) -> wasmtime::Result<()> {
        let mut expiration = WorkerExpiration::new(self.pool.clone(), self.limits, self.state.clone());
        let mut event_loop = pin!(event_loop);
        poll_fn(|context| {
            let poll = self.poll_once(event_loop.as_mut(), &mut expiration, context);
            // The event loop is pending, so the guest waits for something. Poll again: `serve` may take a request now.
            if poll.is_pending() && self.worker().guest_waits() {
                return self.poll_once(event_loop.as_mut(), &mut expiration, context);
            }
            poll
        })
        .await
    }

    fn poll_once(
        &self,
        event_loop: Pin<&mut impl Future<Output = wasmtime::Result<()>>>,
        expiration: &mut WorkerExpiration<P>,
        context: &mut Context<'_>,
    ) -> Poll<wasmtime::Result<()>> {
        if let Poll::Ready(result) = event_loop.poll(context) {
            self.worker().end();
            return Poll::Ready(result);
        }
        // The expiration is polled outside of the event loop, as in wasmtime's handler: a guest that computes, or blocks in a
        // host call, has exclusive access to the store, and nothing inside the event loop is polled (upstream issues #11869
        // and #11870).
        let status = self.worker().status();
        expiration.poll(context, status).map(|reason| {
            self.worker().end();
            match reason {
                EndReason::Idle => Ok(()),
                reason => Err(reason.into()),
            }
        })
    }

    /// Runs inside the store's event loop until the instance takes no more requests and its guest has no more work.
    pub async fn serve(
        &self,
        guest: &impl GuestCalls<Request = P::Request>,
        availability: &mut Availability<P>,
        first: Option<P::Request>,
    ) -> wasmtime::Result<()> {
        let handle = |request| {
            self.worker().request_taken(self.pool.now());
            guest.handle(request)
        };
        let mut requests = pin!(FuturesUnordered::from_iter(first.map(handle)));
        poll_fn(|context| {
            loop {
                // First, as in wasmtime's handler: after a timeout, the instance must take no request any more. A new
                // request would be polled first otherwise, and could block the instance again. All that are ready: nothing
                // wakes the task for them again.
                while let Poll::Ready(Some(handled)) = requests.as_mut().poll_next(context) {
                    match handled {
                        Ok(has_response) => self.worker().request_left(has_response, self.pool.now()),
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                }
                let is_ready = guest.is_ready(context);
                if let Poll::Ready(request) = self.poll_request(is_ready, availability, context) {
                    requests.push(handle(request));
                    continue;
                }
                if self.worker().has_requests() || guest.has_tasks(context) {
                    return Poll::Pending;
                }
                let mut worker = self.worker();
                worker.work_done(is_ready, self.pool.now());
                return match worker.state() {
                    WorkerState::Ended => Poll::Ready(Ok(())),
                    _ => Poll::Pending,
                };
            }
        })
        .await
    }

    /// Takes a request from the queue if the instance has capacity. `is_ready` says whether the guest accepts another call.
    fn poll_request(
        &self,
        is_ready: bool,
        availability: &mut Availability<P>,
        context: &mut Context<'_>,
    ) -> Poll<P::Request> {
        let (state, has_capacity) = {
            let worker = self.worker();
            (worker.state(), worker.has_capacity())
        };
        // Before the request is taken: an instance that has one can't be evicted. If there is none, the expiration makes the
        // instance idle again. An evicted instance stays available until it ends, so that the end starts another instance for
        // the queue when the permit is free.
        if state == WorkerState::Idle && !self.state.become_busy() {
            return Poll::Pending;
        }
        let is_available = has_capacity && is_ready;
        availability.set(is_available);
        if !is_available {
            return Poll::Pending;
        }
        // After `set`: a request that starts to wait from now on sees that this instance is available (`P3Handler::wait`),
        // and this wakes one that started before.
        self.pool.notify_capacity();
        availability.consumer.poll_pop(context)
    }

    fn worker(&self) -> impl DerefMut<Target = Worker> {
        self.worker.lock()
    }
}

impl<P: Pool> Availability<P> {
    pub fn new(pool: P, consumer: Consumer<P::Request, P::Locks>) -> Self {
        Self { pool, consumer }
    }

    fn set(&mut self, is_available: bool) {
        if is_available {
            self.consumer.set_available();
        } else if self.consumer.set_unavailable() {
            self.pool.start_instance();
        }
    }
}

impl<P: Pool> Drop for Availability<P> {
    fn drop(&mut self) {
        self.set(false);
    }
}
