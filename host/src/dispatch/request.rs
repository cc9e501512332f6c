//! A request on its way to an instance, and the reasons why it gets no response from one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wasmtime_wasi_http::WasiBody;

use super::admission::Overloaded;

/// A request in the form that guests get.
pub type Request = http::Request<WasiBody>;

/// Set when the host shuts down.
pub type ShutdownFlag = Arc<AtomicBool>;

/// The reason why a request has no response from its guest.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The host has no free instance.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The guest took longer than the request timeout.
    #[error("no response within --request-timeout")]
    TimedOut,
    /// The guest trapped or could not be started. The reason is in the log.
    #[error("the guest failed")]
    Failed,
}
