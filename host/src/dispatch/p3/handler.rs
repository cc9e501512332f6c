//! Responds to requests: sends each to an instance, and waits while there is none for it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use tokio::time::sleep;
use wasmtime::format_err;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ExpirationError;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::client_guard::{ClientGuard, RequestState};
use super::environment::Pool;
use super::instance;
use super::pool::{InstancePool, NoInstance, PendingRequest};
use super::queue::QueueStatus;
use crate::dispatch::admission::{Overloaded, QueueTicket};
use crate::dispatch::body::ResponseBody;
use crate::dispatch::evidence::Observation;
use crate::dispatch::instance_factory::InstanceFactory;
use crate::dispatch::request::{HandlerError, Request};
use crate::dispatch::spare_instance::SpareInstance;
use crate::guest::Guest;

/// How long a request waits for an available instance to take it. In Spin it waits without end. Here a guest that blocks
/// its instance must not block the component: the experiment shows how long the request waits, and then continues.
const MAX_DISPATCH_WAIT: Duration = Duration::from_secs(10);
/// The interval in which the queue is checked for requests that wait too long.
const MONITOR_INTERVAL: Duration = Duration::from_millis(50);

/// The instance ended before it responded. It logs the reason itself.
#[derive(Debug, thiserror::Error)]
#[error("the instance ended")]
struct InstanceEnded;

/// A component that exports WASIp3's HTTP handler.
#[derive(Clone)]
pub struct P3Handler(Arc<InstancePool>);

impl P3Handler {
    pub fn new(factory: InstanceFactory, pre: ServicePre<Guest>) -> Self {
        Self(Arc::new(InstancePool::new(factory, pre)))
    }

    /// The component's id.
    pub fn component_id(&self) -> &Arc<str> {
        &self.0.factory.component_id
    }

    /// Creates an instance that takes no request.
    pub async fn spare_instance(&self) -> Option<SpareInstance> {
        let factory = &self.0.factory;
        let permit = factory.admission.try_acquire(factory.component)?;
        let turn = factory.fairness.new_turn();
        let mut store = factory.new_store(&turn);
        turn.around(self.0.pre.instantiate_async(&mut store)).await.ok()?;
        Some(SpareInstance::new(store, permit))
    }

    /// Responds to one request.
    ///
    /// # Errors
    ///
    /// If the guest doesn't respond.
    pub fn respond(
        self,
        mut request: Request,
    ) -> impl Future<Output = Result<http::Response<ResponseBody>, HandlerError>> + Send {
        let method = request.method().clone();
        let mut ticket = self.0.factory.new_ticket(&request);
        let observation = Observation::of(&request);
        async move {
            if self.0.factory.admission.has_waiting() {
                self.wait(&mut ticket).await?;
            }
            let guard = ClientGuard::new(ticket);
            loop {
                let error = match self.send(guard.request_state(), request).await {
                    Ok(response) => {
                        self.0.factory.check_final(response.status())?;
                        if let Some(observation) = observation {
                            observation.left();
                        }
                        let (abort_flag, deadline) = guard.response_started();
                        let mut response =
                            ResponseBody::from_guest(response, &method, abort_flag, Box::new(guard));
                        if let Some(deadline) = deadline {
                            response.body_mut().set_deadline(deadline.into());
                        }
                        response.body_mut().prefetch().await.map_err(|_| HandlerError::Failed)?;
                        return Ok(response);
                    }
                    Err(error) => error,
                };
                request = match error.downcast::<NoInstance>() {
                    Ok(NoInstance(request)) => request.into_inner().unwrap_or_else(PoisonError::into_inner),
                    Err(error) => return Err(self.handler_error(&guard, &error)),
                };
                let Some(mut ticket) = guard.take_ticket() else { return Err(HandlerError::Failed) };
                self.wait(&mut ticket).await?;
                guard.put_ticket(ticket);
            }
        }
    }

    /// Waits until there is a permit for a new instance, or capacity in an existing one.
    async fn wait(&self, ticket: &mut QueueTicket) -> Result<(), Overloaded> {
        let mut turn = pin!(ticket.wait());
        let first_poll = poll_fn(|context| Poll::Ready(turn.as_mut().poll(context))).await;
        if let Poll::Ready(result) = first_poll {
            return result;
        }
        // An instance that became available before the first poll, which enqueued the request, didn't wake it.
        if self.0.queue.has_available() {
            self.0.notify_capacity();
        }
        turn.await
    }

    /// Sends the request to an available instance, or to a new one.
    async fn send(
        &self,
        state: Arc<RequestState>,
        request: Request,
    ) -> wasmtime::Result<http::Response<WasiBody>> {
        let (response, received) = oneshot::channel();
        match self.0.queue.push(PendingRequest { request, state, response }) {
            returned @ Some(_) => instance::start(self.0.clone(), returned),
            None => self.monitor_queue(),
        }
        received.await.map_err(|_| InstanceEnded)?
    }

    /// Starts a task that checks the queue until it is empty, unless there is one.
    fn monitor_queue(&self) {
        if self.0.is_monitored.swap(true, SeqCst) {
            return;
        }
        let pool = self.0.clone();
        tokio::spawn(async move {
            loop {
                sleep(MONITOR_INTERVAL).await;
                match pool.queue.check(Instant::now(), MAX_DISPATCH_WAIT) {
                    QueueStatus::Waiting => {}
                    QueueStatus::Overdue => {
                        tracing::warn!(
                            "component {:?}: a request has waited {MAX_DISPATCH_WAIT:?} for an instance that has capacity, \
                             but whose guest blocks its other requests; starting another instance",
                            pool.factory.component_id
                        );
                        instance::start(pool.clone(), None);
                    }
                    QueueStatus::Empty => {
                        pool.is_monitored.store(false, SeqCst);
                        // A request that was pushed after the check and before the store has started no task.
                        if pool.queue.is_empty() || pool.is_monitored.swap(true, SeqCst) {
                            return;
                        }
                    }
                }
            }
        });
    }

    fn handler_error(&self, guard: &ClientGuard, error: &wasmtime::Error) -> HandlerError {
        if error.is::<ExpirationError>() {
            self.0.factory.log_error(&format_err!("the guest gave no response within --request-timeout"));
            return HandlerError::TimedOut;
        }
        // The instance was ended for this timeout, and has logged it.
        if guard.is_overdue(self.0.now()) {
            return HandlerError::TimedOut;
        }
        if !error.is::<InstanceEnded>() {
            self.0.factory.log_error(error);
        }
        HandlerError::Failed
    }
}
