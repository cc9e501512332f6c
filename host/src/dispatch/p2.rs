//! WASIp2: every request has its own instance, which ends with the request.

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::Either;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle, yield_now};
use tokio::time::timeout;
use wasmtime::{PoolConcurrencyLimitError, format_err};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::{WasiBody, WasiHttpView};

use super::admission::{InstancePermit, QueueTicket};
use super::body::{AbortFlag, ResponseBody, ResponseGuard};
use super::evidence::Observation;
use super::instance_factory::InstanceFactory;
use super::request::{HandlerError, Request};
use super::spare_instance::SpareInstance;
use crate::engine::Turn;
use crate::guest::Guest;

/// The maximum number of attempts to get a free slot of wasmtime's pool. The second attempt nearly always succeeds.
const MAX_INSTANTIATION_ATTEMPTS: usize = 1000;

/// A component that exports WASIp2's HTTP handler.
pub struct P2Handler {
    factory: InstanceFactory,
    pre: ProxyPre<Guest>,
}

/// The response without the end of its body, as the guest hands it over.
type GuestResponse = Result<http::Response<WasiBody>, ErrorCode>;

/// Aborts the instance's task when dropped, unless the response was complete.
struct TaskGuard(Option<AbortHandle>);

impl P2Handler {
    pub fn new(factory: InstanceFactory, pre: ProxyPre<Guest>) -> Self {
        Self { factory, pre }
    }

    /// The component's id.
    pub fn component_id(&self) -> &Arc<str> {
        &self.factory.component_id
    }

    /// Creates an instance that takes no request.
    pub async fn spare_instance(&self) -> Option<SpareInstance> {
        let factory = &self.factory;
        let permit = factory.admission.try_acquire(factory.component)?;
        let turn = factory.fairness.new_turn();
        let mut store = factory.new_store(&turn);
        turn.around(self.pre.instantiate_async(&mut store)).await.ok()?;
        Some(SpareInstance::new(store, permit))
    }

    /// Responds to one request.
    ///
    /// # Errors
    ///
    /// If the guest doesn't respond.
    pub fn respond(
        self: Arc<Self>,
        request: Request,
    ) -> impl Future<Output = Result<http::Response<ResponseBody>, HandlerError>> + Send {
        let method = request.method().clone();
        let ticket = self.factory.new_ticket(&request);
        async move {
            let permit = acquire_permit(&self.factory, ticket).await?;
            let (sender, receiver) = oneshot::channel();
            let abort_flag = AbortFlag::default();
            let turn = self.factory.fairness.new_turn();
            let run = self.clone().run(permit, request, sender, abort_flag.clone(), turn.clone());
            let task = tokio::spawn(turn.around(run));
            let guard = TaskGuard(Some(task.abort_handle()));
            match receiver.await {
                Ok(Ok(response)) => {
                    self.factory.check_final(response.status())?;
                    Ok(ResponseBody::from_guest(response, &method, abort_flag, Box::new(guard)))
                }
                Ok(Err(code)) => {
                    self.factory.log_error(&format_err!("the guest responded with an error: {code}"));
                    Err(HandlerError::Failed)
                }
                Err(_) => Err(self.error_of_ended_task(task).await),
            }
        }
    }

    async fn error_of_ended_task(&self, task: JoinHandle<Option<HandlerError>>) -> HandlerError {
        match task.await {
            Ok(Some(error)) => error,
            Ok(None) => {
                self.factory.log_error(&format_err!("the guest ended without a response"));
                HandlerError::Failed
            }
            // The runtime shuts down and drops its tasks.
            Err(_) => HandlerError::Failed,
        }
    }

    /// Runs the guest to its end. Returns its error, if any.
    fn run(
        self: Arc<Self>,
        permit: InstancePermit,
        request: Request,
        sender: oneshot::Sender<GuestResponse>,
        abort_flag: AbortFlag,
        turn: Turn,
    ) -> impl Future<Output = Option<HandlerError>> + Send {
        let limits = self.factory.policy.sample_limits(self.factory.wasi);
        let call = self.clone().call(request, sender, AbortGuard(Some(abort_flag)), turn);
        let call = match limits.request_timeout {
            None => Either::Left(call.map(Ok)),
            Some(limit) => Either::Right(timeout(limit, call)),
        };
        call.map(move |result| {
            // After the call, which has dropped the store: only now the instance's slot is free for another.
            drop(permit);
            let (error, handler_error) = match result {
                Ok(Ok(())) => return None,
                Ok(Err(error)) => (error, HandlerError::Failed),
                Err(_) => (
                    format_err!("the guest took longer than --request-timeout and was ended"),
                    HandlerError::TimedOut,
                ),
            };
            self.factory.log_error(&error);
            Some(handler_error)
        })
    }

    fn call(
        self: Arc<Self>,
        request: Request,
        sender: oneshot::Sender<GuestResponse>,
        abort_guard: AbortGuard,
        turn: Turn,
    ) -> impl Future<Output = wasmtime::Result<()>> + Send {
        let scheme = scheme(&request);
        let observation = Observation::of(&request);
        async move {
            let begin = Instant::now();
            let (mut store, proxy) = retry_while_pool_is_full(|| async {
                let mut store = self.factory.new_store(&turn);
                let proxy = self.pre.instantiate_async(&mut store).await?;
                Ok((store, proxy))
            })
            .await?;
            if let Some(observation) = &observation {
                observation.started(begin.elapsed());
                observation.entered(&Arc::default());
            }
            // Declared after the store, so that it is dropped first: the flag must be set before the store's end closes
            // the channel of the response body.
            let abort_guard = abort_guard;
            let request = store.data_mut().http().new_incoming_request(scheme, request)?;
            let out = store.data_mut().http().new_response_outparam_from_callback(move |response| {
                if let Some(observation) = observation {
                    observation.left();
                }
                // An error means that the client is gone.
                let _ = sender.send(response);
            })?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await?;
            abort_guard.disarm();
            Ok(())
        }
    }
}

/// Waits for the permission to create an instance.
async fn acquire_permit(
    factory: &InstanceFactory,
    mut ticket: QueueTicket,
) -> Result<InstancePermit, HandlerError> {
    if let Some(permit) = factory.admission.try_acquire(factory.component) {
        return Ok(permit);
    }
    loop {
        ticket.wait().await?;
        if let Some(permit) = factory.admission.try_acquire(factory.component) {
            return Ok(permit);
        }
    }
}

/// Creates an instance, and tries again if wasmtime's pool seems full.
///
/// The caller holds a permit, so the pool has a free slot. But wasmtime searches its pool in parts, and misses a slot that
/// becomes free in a part that it has already searched.
async fn retry_while_pool_is_full<T, F: Future<Output = wasmtime::Result<T>>>(
    mut instantiate: impl FnMut() -> F,
) -> wasmtime::Result<T> {
    let mut attempts = 1;
    loop {
        match instantiate().await {
            Err(error)
                if error.is::<PoolConcurrencyLimitError>() && attempts < MAX_INSTANTIATION_ATTEMPTS =>
            {
                attempts += 1;
                yield_now().await;
            }
            result => return result,
        }
    }
}

/// The URL scheme that the guest sees.
fn scheme(request: &Request) -> Scheme {
    if request.uri().scheme() == Some(&http::uri::Scheme::HTTPS) { Scheme::Https } else { Scheme::Http }
}

/// Aborts the response when dropped, unless disarmed.
struct AbortGuard(Option<AbortFlag>);

impl AbortGuard {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        if let Some(abort_flag) = &self.0 {
            abort_flag.abort();
        }
    }
}

impl ResponseGuard for TaskGuard {
    fn complete(&mut self) {
        self.0 = None;
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use wasmtime::component::{Component, InstancePre, Linker};
    use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

    use super::*;

    /// A component in an engine whose pool has one slot.
    fn component_with_one_slot() -> InstancePre<()> {
        const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(1).total_core_instances(1).total_memories(1).total_tables(1);
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).unwrap();
        let component = Component::new(&engine, EMPTY_COMPONENT).unwrap();
        Linker::new(&engine).instantiate_pre(&component).unwrap()
    }

    async fn instantiate(pre: &InstancePre<()>) -> wasmtime::Result<Store<()>> {
        let mut store = Store::new(pre.engine(), ());
        pre.instantiate_async(&mut store).await?;
        Ok(store)
    }

    #[tokio::test]
    async fn an_instance_is_created_once_the_pool_has_a_free_slot() {
        let pre = component_with_one_slot();
        let occupant = RefCell::new(Some(instantiate(&pre).await.unwrap()));
        let attempts = Cell::new(0);
        let store = retry_while_pool_is_full(|| async {
            attempts.set(attempts.get() + 1);
            if attempts.get() == 3 {
                occupant.take();
            }
            instantiate(&pre).await
        })
        .await;
        assert!(store.is_ok());
        assert_eq!(attempts.get(), 3);
    }

    #[tokio::test]
    async fn retries_end_after_the_maximum_number_of_attempts() {
        let pre = component_with_one_slot();
        let _occupant = instantiate(&pre).await.unwrap();
        let attempts = Cell::new(0);
        let error = retry_while_pool_is_full(|| async {
            attempts.set(attempts.get() + 1);
            instantiate(&pre).await
        })
        .await
        .unwrap_err();
        assert!(error.is::<PoolConcurrencyLimitError>(), "{error}");
        assert_eq!(attempts.get(), MAX_INSTANTIATION_ATTEMPTS);
    }

    #[tokio::test]
    async fn other_errors_are_not_retried() {
        let attempts = Cell::new(0);
        let result: wasmtime::Result<()> = retry_while_pool_is_full(|| async {
            attempts.set(attempts.get() + 1);
            Err(format_err!("another error"))
        })
        .await;
        assert_eq!(result.unwrap_err().to_string(), "another error");
        assert_eq!(attempts.get(), 1);
    }
}
