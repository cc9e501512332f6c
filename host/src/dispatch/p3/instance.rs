//! An instance and its task, which runs the instance's requests.
//!
//! The loop follows `Worker::run_` of wasmtime's handler (wasmtime-wasi-http, `src/handler.rs`), and so Spin. After an
//! instance has taken a request, it takes no other until its guest waits for something: until then, the guest may compute
//! or block, and another instance can serve the next request at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Instant;

use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, Stream};
use tokio::time::sleep_until;
use wasmtime::component::{Accessor, Func};
use wasmtime::{AsContextMut, Store, format_err};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{Prepared, Proxy};

use super::client_guard::RequestState;
use super::expiration::{WorkerExpiration, WorkerStatus};
use super::instance_state::{EndReason, InstanceState};
use super::pool::{InstancePool, NoPermit, PendingRequest};
use super::queue::Consumer;
use crate::dispatch::admission::{Evictable, InstancePermit};
use crate::dispatch::evidence::Observation;
use crate::dispatch::isolation::{InstanceLimits, ShouldAccept};
use crate::engine::Turn;
use crate::guest::Guest;

/// Starts a new instance: for this request, or for the requests in the queue.
pub fn start(pool: Arc<InstancePool>, first: Option<PendingRequest>) {
    let turn = pool.factory.fairness.new_turn();
    tokio::spawn(turn.clone().around(async move {
        let begin = Instant::now();
        match Instance::new(pool.clone(), &turn).await {
            Ok(instance) => {
                if let Some(observation) = first.as_ref().and_then(|first| Observation::of(&first.request)) {
                    observation.started(begin.elapsed());
                }
                instance.run(first).await;
            }
            Err(error) => pool.reject(first, &error),
        }
    }));
}

/// An instance.
struct Instance {
    /// `None` after the instance has ended.
    store: Option<Store<Guest>>,
    worker: Worker,
    /// The last field, so that it is dropped after the permit: if the drop starts another instance for the queue, that
    /// instance can get the permit.
    availability: Availability,
}

/// What belongs to an instance besides its store.
struct Worker {
    pool: Arc<InstancePool>,
    proxy: Proxy,
    /// The exported function that handles requests.
    function: Func,
    limits: InstanceLimits,
    state: Arc<InstanceState>,
    /// Whether the guest has waited for something since the instance took its last request.
    has_yielded: AtomicBool,
    /// The status, and since when.
    status: Mutex<(WorkerStatus, Instant)>,
    #[expect(dead_code, reason = "held until the store is dropped, which frees the instance's slot")]
    permit: InstancePermit,
}

/// Whether the instance takes requests from the queue.
struct Availability {
    pool: Arc<InstancePool>,
    consumer: Consumer<PendingRequest>,
}

impl Instance {
    /// Creates an instance.
    ///
    /// # Errors
    ///
    /// If there is no permit, or the component can't be instantiated.
    async fn new(pool: Arc<InstancePool>, turn: &Turn) -> wasmtime::Result<Self> {
        let factory = &pool.factory;
        let permit = factory.admission.try_acquire(factory.component).ok_or(NoPermit)?;
        let limits = factory.policy.sample_limits(factory.wasi);
        let mut store = factory.new_store(turn);
        let service = pool.pre.instantiate_async(&mut store).await?;
        let availability = Availability { consumer: pool.queue.consumer(), pool: pool.clone() };
        let worker = Worker {
            pool,
            function: *service.wasi_http_handler().func_handle().func(),
            proxy: Proxy::P3(service),
            limits,
            state: Arc::default(),
            has_yielded: AtomicBool::new(true),
            status: Mutex::new((WorkerStatus::Idle, Instant::now())),
            permit,
        };
        Ok(Self { store: Some(store), worker, availability })
    }

    /// Handles the first request, if there is one, and requests from the queue, until the instance ends.
    async fn run(mut self, first: Option<PendingRequest>) {
        let result = match &mut self.store {
            Some(store) => self.worker.run(store, &mut self.availability, first).await,
            None => Ok(()),
        };
        self.end(result);
    }

    fn end(&mut self, result: wasmtime::Result<()>) {
        let Some(store) = self.store.take() else { return };
        let Worker { pool, state, .. } = &self.worker;
        if result.is_err() {
            // Before the store's end closes the channels of the response bodies: see `AbortFlag`.
            state.abort_flag.abort();
        }
        drop(store);
        let state: Arc<dyn Evictable> = state.clone();
        pool.factory.admission.remove_idle(&state);
        if let Err(error) = result {
            self.worker.log_end(error);
        }
    }
}

impl Drop for Instance {
    /// Ends an instance whose task panicked, or was dropped with the runtime.
    fn drop(&mut self) {
        // Without this check, every instance would create an error, with its backtrace.
        if self.store.is_some() {
            self.end(Err(format_err!("the host's task ended")));
        }
    }
}

impl Worker {
    async fn run(
        &self,
        store: &mut Store<Guest>,
        availability: &mut Availability,
        first: Option<PendingRequest>,
    ) -> wasmtime::Result<()> {
        let admission = self.pool.factory.admission.clone();
        let mut expiration = WorkerExpiration::new(admission, self.limits, self.state.clone());
        let mut event_loop =
            pin!(store.run_concurrent(async |accessor| self.serve(accessor, availability, first).await));
        poll_fn(|context| {
            if let Poll::Ready(result) = event_loop.as_mut().poll(context) {
                return Poll::Ready(result.flatten());
            }
            // The expiration is polled outside of the event loop, as in wasmtime's handler: a guest that computes, or
            // blocks in a host call, has exclusive access to the store, and nothing inside the event loop is polled
            // (upstream issues #11869 and #11870).
            let (status, since) = *self.status();
            if expiration.poll(context, status, since).is_ready() {
                return Poll::Ready(match status {
                    WorkerStatus::Idle => Ok(()),
                    WorkerStatus::Requests | WorkerStatus::PostReturn => Err(format_err!("guest timed out")),
                });
            }
            // The event loop is pending, so the guest waits for something. Poll again: `serve` may take a request now.
            if !self.has_yielded.swap(true, Relaxed) {
                return event_loop.as_mut().poll(context).map(Result::flatten);
            }
            Poll::Pending
        })
        .await
    }

    /// Runs inside the store's event loop until the instance takes no more requests and its guest has no more work.
    async fn serve(
        &self,
        accessor: &Accessor<Guest>,
        availability: &mut Availability,
        first: Option<PendingRequest>,
    ) -> wasmtime::Result<()> {
        let requests = first.into_iter().map(|first| self.handle(accessor, first));
        let mut requests = pin!(FuturesUnordered::from_iter(requests));
        let mut total = requests.len();
        let mut may_accept = true;
        poll_fn(|context| {
            loop {
                // First, as in wasmtime's handler: after a timeout, the instance must take no request any more. A new
                // request would be polled first otherwise, and could block the instance again.
                if let Poll::Ready(Some(handled)) = requests.as_mut().poll_next(context) {
                    match handled {
                        Ok(has_response) => may_accept &= has_response,
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                    if requests.is_empty() {
                        self.set_status(WorkerStatus::PostReturn);
                    }
                }
                let is_ready = accessor.poll_ready_for_concurrent_call(self.function, context).is_ready();
                let should_accept = self.limits.should_accept(requests.len(), total);
                may_accept &= should_accept != ShouldAccept::Never;
                let is_waiting = requests.is_empty() || self.has_yielded.load(Relaxed);
                let is_available = may_accept && is_ready && should_accept == ShouldAccept::Yes && is_waiting;
                availability.set(is_available);
                if is_available {
                    // After `set`: a request that starts to wait from now on sees that this instance is available
                    // (`P3Handler::wait`), and this wakes one that started before.
                    self.pool.notify_capacity();
                }
                if is_available && let Poll::Ready(pending) = availability.consumer.poll_pop(context) {
                    total += 1;
                    requests.push(self.handle(accessor, pending));
                    continue;
                }
                if !requests.is_empty() || accessor.poll_no_interesting_tasks(context).is_pending() {
                    return Poll::Pending;
                }
                if !(may_accept && is_ready) {
                    return Poll::Ready(Ok(()));
                }
                if self.status().0 != WorkerStatus::Idle {
                    self.set_status(WorkerStatus::Idle);
                }
                return Poll::Pending;
            }
        })
        .await
    }

    /// Makes the guest handle a request. The output is `false` if the request was cancelled before the guest responded.
    fn handle<'a>(
        &'a self,
        accessor: &'a Accessor<Guest>,
        pending: PendingRequest,
    ) -> impl Future<Output = wasmtime::Result<bool>> + use<'a> {
        let PendingRequest { request, state, response } = pending;
        self.has_yielded.store(false, Relaxed);
        if let Some(observation) = Observation::of(&request) {
            observation.entered(&self.state.counters);
        }
        let prepared = accessor.with(|mut store| {
            Prepared::new(store.as_context_mut(), &self.proxy, request, WasiHttpView::http, response)
        });
        let prepared = prepared.map(|prepared| (prepared, self.start_request(state)));
        self.set_status(WorkerStatus::Requests);
        async move {
            let (prepared, cancelled) = prepared?;
            prepared.run(accessor, cancelled).await
        }
    }

    /// Marks a request as started. The future is ready when the request is cancelled or exceeds its timeout.
    fn start_request(&self, request: Arc<RequestState>) -> impl Future<Output = ()> + use<> {
        // A timeout beyond the clock's range is no limit.
        let deadline =
            self.limits.request_timeout.and_then(|timeout| tokio::time::Instant::now().checked_add(timeout));
        request.start(&self.state, deadline);
        match deadline {
            None => Either::Left(request.cancelled()),
            Some(deadline) => Either::Right(async move {
                tokio::select! {
                    () = request.cancelled() => {}
                    () = sleep_until(deadline) => {}
                }
            }),
        }
    }

    fn status(&self) -> MutexGuard<'_, (WorkerStatus, Instant)> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_status(&self, status: WorkerStatus) {
        *self.status() = (status, Instant::now());
    }

    fn log_end(&self, error: wasmtime::Error) {
        let factory = &self.pool.factory;
        let reason = match self.state.end.get() {
            Some(EndReason::Cancelled) => return,
            Some(EndReason::Blocked { other_requests }) => format_err!(
                "the guest took longer than --request-timeout and blocked its instance; the instance was ended, with \
                 {other_requests} other requests that it held"
            ),
            Some(EndReason::PostReturnTimeout) => {
                format_err!("the guest took longer than --request-timeout and was ended")
            }
            // The runtime drops its tasks at the shutdown, which looks like a panic here.
            None if factory.shutdown.load(Relaxed) => return,
            None => error.context("the instance ended"),
        };
        factory.log_error(&reason);
    }
}

impl Availability {
    fn set(&mut self, is_available: bool) {
        if is_available {
            self.consumer.set_available();
        } else if self.consumer.set_unavailable() {
            start(self.pool.clone(), None);
        }
    }
}

impl Drop for Availability {
    fn drop(&mut self) {
        self.set(false);
    }
}
