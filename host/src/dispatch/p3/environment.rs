//! What a poll loop needs: the rest of the host, and the guest. The model check has its own.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::instance_state::InstanceState;
use super::lock::Locks;
use super::queue::Cancellable;

/// The rest of the host.
pub trait Pool: Clone {
    type Locks: Locks;
    type Request: Cancellable;
    type Timer: Timer;

    fn now(&self) -> Instant;
    fn timer(&self) -> Self::Timer;
    /// Adds an idle instance to the admission control's list.
    fn add_idle(&self, state: Arc<InstanceState<Self::Locks>>);
    /// Wakes a request that waits for a new instance, because an existing one has capacity.
    fn notify_capacity(&self);
    /// Starts an instance for the requests in the queue.
    fn start_instance(&self);
}

/// A timer that can be set again.
pub trait Timer {
    /// Ready at this time.
    fn poll_until(&mut self, context: &mut Context<'_>, time: Instant) -> Poll<()>;
}

/// The calls into a guest.
pub trait GuestCalls {
    type Request;

    /// Whether the guest accepts another call.
    fn is_ready(&self, context: &mut Context<'_>) -> bool;
    /// Whether the guest works, on anything but requests without a response.
    fn has_tasks(&self, context: &mut Context<'_>) -> bool;
    /// Makes the guest handle a request. The output is `false` if the request was cancelled before the guest responded.
    fn handle(&self, request: Self::Request) -> impl Future<Output = wasmtime::Result<bool>>;
}
