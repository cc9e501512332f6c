//! What the instances of a component share, and the requests that wait for one.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use wasmtime::{PoolConcurrencyLimitError, format_err};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::client_guard::RequestState;
use super::queue::{Cancellable, DispatchQueue};
use crate::dispatch::instance_factory::InstanceFactory;
use crate::dispatch::request::Request;
use crate::guest::Guest;

/// A component that exports WASIp3's HTTP handler, and the queue from which its instances take requests.
pub struct InstancePool {
    pub factory: InstanceFactory,
    pub pre: ServicePre<Guest>,
    pub queue: Arc<DispatchQueue<PendingRequest>>,
    /// Whether a task monitors the queue.
    pub is_monitored: AtomicBool,
}

/// A request that no instance has taken.
pub struct PendingRequest {
    pub request: Request,
    pub state: Arc<RequestState>,
    pub response: oneshot::Sender<wasmtime::Result<http::Response<WasiBody>>>,
}

impl Cancellable for PendingRequest {
    fn is_cancelled(&self) -> bool {
        self.response.is_canceled()
    }
}

/// There is no permit for a new instance.
#[derive(Debug, thiserror::Error)]
#[error("no permit for another instance")]
pub struct NoPermit;

/// There is no instance for the request now. It has the request, which can be sent again once there is capacity.
#[derive(Debug, thiserror::Error)]
#[error("no instance is free")]
pub struct NoInstance(pub Mutex<Request>);

impl InstancePool {
    pub fn new(factory: InstanceFactory, pre: ServicePre<Guest>) -> Self {
        Self { factory, pre, queue: Arc::default(), is_monitored: AtomicBool::new(false) }
    }

    /// Returns the error of a failed instantiation to the request that the instance was created for. Without such a
    /// request, it goes to all queued requests, unless other instances can take these.
    pub fn reject(&self, first: Option<PendingRequest>, error: &wasmtime::Error) {
        let is_full = error.is::<NoPermit>() || error.is::<PoolConcurrencyLimitError>();
        let rejected = first.map_or_else(|| self.queue.drain_unattended(), |first| vec![first]);
        for PendingRequest { request, response, .. } in rejected {
            let error =
                if is_full { NoInstance(Mutex::new(request)).into() } else { format_err!("{error:#}") };
            let _ = response.send(Err(error));
        }
    }
}
