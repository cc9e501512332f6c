//! An instance and its task, which runs the instance's requests.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Context;
use std::time::Instant;

use futures_util::future::Either;
use tokio::time::sleep_until;
use wasmtime::component::{Accessor, Func};
use wasmtime::{AsContextMut, Store, format_err};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{Prepared, Proxy};

use super::client_guard::RequestState;
use super::environment::{GuestCalls, Pool};
use super::expiration::TokioTimer;
use super::instance_state::InstanceState;
use super::lock::StdLocks;
use super::occupancy::EndReason;
use super::poll_loop::{Availability, PollLoop};
use super::pool::{InstancePool, NoPermit, PendingRequest};
use crate::dispatch::admission::{Evictable, InstancePermit};
use crate::dispatch::evidence::Observation;
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
    availability: Availability<Arc<InstancePool>>,
}

/// What belongs to an instance besides its store.
struct Worker {
    pool: Arc<InstancePool>,
    proxy: Proxy,
    /// The exported function that handles requests.
    function: Func,
    poll_loop: PollLoop<Arc<InstancePool>>,
    #[expect(dead_code, reason = "held until the store is dropped, which frees the instance's slot")]
    permit: InstancePermit,
}

/// The guest of an instance, inside its store's event loop.
struct RunningGuest<'a> {
    worker: &'a Worker,
    accessor: &'a Accessor<Guest>,
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
        let availability = Availability::new(pool.clone(), pool.queue.consumer());
        let worker = Worker {
            poll_loop: PollLoop::new(pool.clone(), limits),
            pool,
            function: *service.wasi_http_handler().func_handle().func(),
            proxy: Proxy::P3(service),
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
        let Worker { pool, poll_loop: PollLoop { state, .. }, .. } = &self.worker;
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
        availability: &mut Availability<Arc<InstancePool>>,
        first: Option<PendingRequest>,
    ) -> wasmtime::Result<()> {
        let event_loop = store.run_concurrent(async |accessor| {
            self.poll_loop.serve(&RunningGuest { worker: self, accessor }, availability, first).await
        });
        self.poll_loop.run(async { event_loop.await.flatten() }).await
    }

    /// Marks a request as started. The future is ready when the request is cancelled or exceeds its timeout.
    fn start_request(&self, request: Arc<RequestState>) -> impl Future<Output = ()> + use<> {
        let PollLoop { limits, state, .. } = &self.poll_loop;
        // A timeout beyond the clock's range is no limit.
        let deadline = limits.request_timeout.and_then(|timeout| self.pool.now().checked_add(timeout));
        request.start(state, deadline);
        match deadline {
            None => Either::Left(request.cancelled()),
            Some(deadline) => Either::Right(async move {
                tokio::select! {
                    () = request.cancelled() => {}
                    () = sleep_until(deadline.into()) => {}
                }
            }),
        }
    }

    fn log_end(&self, error: wasmtime::Error) {
        let factory = &self.pool.factory;
        let reason = match error.downcast_ref() {
            Some(EndReason::Idle | EndReason::Cancelled) => return,
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

impl GuestCalls for RunningGuest<'_> {
    type Request = PendingRequest;

    fn is_ready(&self, context: &mut Context<'_>) -> bool {
        self.accessor.poll_ready_for_concurrent_call(self.worker.function, context).is_ready()
    }

    fn has_tasks(&self, context: &mut Context<'_>) -> bool {
        self.accessor.poll_no_interesting_tasks(context).is_pending()
    }

    fn handle(&self, pending: PendingRequest) -> impl Future<Output = wasmtime::Result<bool>> {
        let PendingRequest { request, state, response } = pending;
        if let Some(observation) = Observation::of(&request) {
            observation.entered(&self.worker.poll_loop.state.counters);
        }
        let prepared = self.accessor.with(|mut store| {
            let proxy = &self.worker.proxy;
            Prepared::new(store.as_context_mut(), proxy, request, WasiHttpView::http, response)
        });
        let prepared = prepared.map(|prepared| (prepared, self.worker.start_request(state)));
        async move {
            let (prepared, cancelled) = prepared?;
            prepared.run(self.accessor, cancelled).await
        }
    }
}

impl Pool for Arc<InstancePool> {
    type Locks = StdLocks;
    type Request = PendingRequest;
    type Timer = TokioTimer;

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn timer(&self) -> TokioTimer {
        TokioTimer::default()
    }

    fn add_idle(&self, state: Arc<InstanceState>) {
        self.factory.admission.add_idle(state);
    }

    fn notify_capacity(&self) {
        self.factory.admission.notify_capacity(self.factory.component);
    }

    fn start_instance(&self) {
        start(self.clone(), None);
    }
}
