//! Creates the stores of a component's instances.

use std::sync::Arc;

use wasmtime::Store;

use super::admission::{Admission, ComponentIndex, Origin, QueueTicket};
use super::isolation::Policy;
use super::request::{FromGuest, Request, ShutdownFlag};
use crate::app::wasm::Wasi;
use crate::byte_size::ByteSize;
use crate::engine::Fairness;
use crate::guest::{Guest, GuestConfig, MemoryLimiter};

/// What all instances of a component are created from.
pub struct InstanceFactory {
    pub component_id: Arc<str>,
    pub component: ComponentIndex,
    pub wasi: Wasi,
    pub engine: wasmtime::Engine,
    pub policy: Policy,
    pub guest_config: GuestConfig,
    pub max_memory: ByteSize,
    pub fairness: Fairness,
    pub admission: Arc<Admission>,
    pub shutdown: ShutdownFlag,
}

impl InstanceFactory {
    /// Returns the store of a new instance.
    pub fn new_store(&self) -> Store<Guest> {
        let guest = self.guest_config.new_guest(MemoryLimiter(self.max_memory));
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.memory);
        self.fairness.configure(&mut store);
        store
    }

    /// Returns the ticket of a request for this component.
    pub fn new_ticket(&self, request: &Request) -> QueueTicket {
        let origin = match request.extensions().get::<FromGuest>() {
            Some(FromGuest) => Origin::Guest,
            None => Origin::Client,
        };
        QueueTicket::new(self.admission.clone(), self.component, origin)
    }

    /// Logs an error of the component's guest.
    pub fn log_error(&self, error: &wasmtime::Error) {
        tracing::error!("component {:?}: {error:?}", self.component_id);
    }
}
