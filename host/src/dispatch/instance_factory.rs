//! Creates the stores of a component's instances.

use std::sync::Arc;

use http::StatusCode;
use wasmtime::{Store, format_err};

use super::admission::{Admission, ComponentIndex, Origin, QueueTicket};
use super::isolation::Policy;
use super::request::{FromGuest, HandlerError, Request, ShutdownFlag};
use crate::app::wasm::Wasi;
use crate::byte_size::ByteSize;
use crate::engine::{Fairness, Turn, configure_fairness};
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
    /// Returns the store of a new instance, whose task has this turn.
    pub fn new_store(&self, turn: &Turn) -> Store<Guest> {
        let guest = self.guest_config.new_guest(MemoryLimiter(self.max_memory));
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.memory);
        configure_fairness(&mut store, turn);
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

    /// Checks that the status of a guest's response is a final one. An interim response has no end, and after 101 the
    /// connection would no longer be one of HTTP.
    ///
    /// # Errors
    ///
    /// If it isn't. Logs the reason.
    pub fn check_final(&self, status: StatusCode) -> Result<(), HandlerError> {
        if !status.is_informational() {
            return Ok(());
        }
        let status = status.as_u16();
        self.log_error(&format_err!(
            "the guest responded with the status {status}, which is no final one; allowed is 200 or above"
        ));
        Err(HandlerError::Failed)
    }

    /// Logs an error of the component's guest.
    pub fn log_error(&self, error: &wasmtime::Error) {
        tracing::error!("component {:?}: {error:#}", self.component_id);
    }
}
