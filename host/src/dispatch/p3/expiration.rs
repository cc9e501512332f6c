//! Decides when an instance ends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

use super::instance_state::{EndReason, InstanceState};
use crate::dispatch::admission::Admission;
use crate::dispatch::isolation::InstanceLimits;

/// The time after a request's deadline until its guest counts as blocking. A guest that doesn't block its instance has
/// its request cancelled at the deadline, and the instance continues.
const GRACE_PERIOD: Duration = Duration::from_millis(20);

/// The status of an instance; the same as wasmtime's type of this name (wasmtime-wasi-http, `src/handler.rs`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WorkerStatus {
    /// The instance holds no request.
    Idle,
    /// The instance has requests without a response.
    Requests,
    /// All requests have a response, and the guest still works.
    PostReturn,
}

/// Ends an instance that has only cancelled requests, exceeds a timeout, or is idle for too long.
///
/// The counterpart of wasmtime's trait of this name (wasmtime-wasi-http, `src/handler.rs`). As there, it is polled outside
/// of the store's event loop, because a guest that computes or blocks in a host call has exclusive access to the store and
/// stops the event loop (upstream issues #11869 and #11870).
pub struct WorkerExpiration {
    admission: Arc<Admission>,
    limits: InstanceLimits,
    state: Arc<InstanceState>,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration {
    pub fn new(admission: Arc<Admission>, limits: InstanceLimits, state: Arc<InstanceState>) -> Self {
        Self { admission, limits, state, sleep: Box::pin(sleep(limits.idle_timeout)) }
    }

    /// Ready when the instance must end. `since` is when it got its current status.
    pub fn poll(&mut self, context: &mut Context<'_>, status: WorkerStatus, since: Instant) -> Poll<()> {
        // Before the state is read: a change after that wakes the task.
        self.state.waker.register(context.waker());
        let deadline = match status {
            WorkerStatus::Idle => {
                self.offer_for_eviction();
                if self.state.is_evicted() {
                    return Poll::Ready(());
                }
                since.checked_add(self.limits.idle_timeout)
            }
            _ if self.state.has_only_cancelled_requests() => {
                self.set_end(EndReason::Cancelled);
                return Poll::Ready(());
            }
            WorkerStatus::Requests => {
                self.state.next_deadline().map(|deadline| deadline.into_std() + GRACE_PERIOD)
            }
            WorkerStatus::PostReturn => {
                self.limits.request_timeout.and_then(|timeout| since.checked_add(timeout))
            }
        };
        // A timeout beyond the clock's range is no limit.
        let Some(deadline) = deadline else { return Poll::Pending };
        if self.sleep.deadline() != deadline.into() {
            self.sleep.as_mut().reset(deadline.into());
        }
        let expired = self.sleep.as_mut().poll(context);
        match status {
            _ if expired.is_pending() => {}
            WorkerStatus::Idle => {}
            // Counted before the instance ends: then its requests fail, and are no longer active.
            WorkerStatus::Requests => {
                self.set_end(EndReason::Blocked { other_requests: self.state.requests_within_deadline() })
            }
            WorkerStatus::PostReturn => self.set_end(EndReason::PostReturnTimeout),
        }
        expired
    }

    fn set_end(&self, reason: EndReason) {
        let _ = self.state.end.set(reason);
    }

    fn offer_for_eviction(&self) {
        if self.state.set_idle() {
            self.admission.add_idle(self.state.clone());
        }
    }
}
