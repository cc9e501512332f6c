//! A request on its way to an instance, and the reasons why it gets no response from one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wasmtime_wasi_http::WasiBody;

use super::admission::Overloaded;

/// A request in the form that guests get.
pub type Request = http::Request<WasiBody>;

/// An extension of the requests that guests send to their own application.
///
/// The instance that sends such a request waits for the response and holds its permit meanwhile. So these requests go
/// before those of clients, and don't wait for long: if all instances wait like this, no permit becomes free.
#[derive(Debug, Clone, Copy)]
pub struct FromGuest;

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
