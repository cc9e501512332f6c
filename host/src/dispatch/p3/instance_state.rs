//! The state of an instance that its task, its requests and the admission control share.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use super::lock::{Lock, Locks, StdLocks};
use super::occupancy::{Expiration, Occupancy};
use super::register::register;
use super::worker_state::WorkerStatus;
use crate::dispatch::admission::Evictable;
use crate::dispatch::body::AbortFlag;
use crate::dispatch::evidence::InstanceCounters;
use crate::dispatch::isolation::InstanceLimits;

/// The state of one instance and its requests.
pub struct InstanceState<L: Locks = StdLocks> {
    shared: L::Mutex<Shared>,
    /// Marks the instance's responses as aborted.
    pub abort_flag: AbortFlag,
    /// The instance's identity as responses and the trace file show it.
    pub counters: Arc<InstanceCounters>,
}

#[derive(Default)]
struct Shared {
    occupancy: Occupancy,
    /// Wakes the instance's task. Under the lock of what the task reads, so that no change falls between the task's decision
    /// and its registration.
    waker: Option<Waker>,
}

impl<L: Locks> Default for InstanceState<L> {
    fn default() -> Self {
        let shared = L::Mutex::new(Shared::default());
        Self { shared, abort_flag: AbortFlag::default(), counters: Arc::default() }
    }
}

impl<L: Locks> InstanceState<L> {
    /// Adds a request with its deadline.
    pub fn add_request(&self, deadline: Option<Instant>) {
        self.shared.lock().occupancy.add(deadline);
    }

    /// Adds a request that was cancelled before the instance took it.
    pub fn add_cancelled_request(&self) {
        self.shared.lock().occupancy.add_cancelled();
    }

    /// Removes the deadline of a request that has its response.
    pub fn remove_deadline(&self, deadline: Option<Instant>) {
        if deadline.is_some() {
            self.shared.lock().occupancy.remove_deadline(deadline);
        }
    }

    /// Removes a request whose response is complete.
    pub fn complete_request(&self, deadline: Option<Instant>) {
        // All remaining requests may be cancelled ones: the task checks it.
        self.change(|occupancy| occupancy.complete(deadline));
    }

    /// Turns an active request into a cancelled one.
    pub fn cancel_request(&self, deadline: Option<Instant>) {
        self.change(|occupancy| occupancy.cancel(deadline));
    }

    /// Marks the instance as idle. Returns whether the caller must add it to the list of idle instances.
    pub fn become_idle(&self) -> bool {
        self.shared.lock().occupancy.become_idle()
    }

    /// Marks an idle instance as busy, because it is about to take a request. Returns `false` if it is evicted, and must not.
    pub fn become_busy(&self) -> bool {
        self.shared.lock().occupancy.become_busy()
    }

    /// Evicts the instance if it is idle. Returns whether it ends.
    pub fn evict(&self) -> bool {
        self.change(Occupancy::try_evict)
    }

    /// Decides whether the instance must end; each change of the state wakes the task.
    pub fn expiration(
        &self,
        context: &Context<'_>,
        status: (WorkerStatus, Instant),
        limits: &InstanceLimits,
        now: Instant,
    ) -> Expiration {
        let mut shared = self.shared.lock();
        register(&mut shared.waker, context);
        shared.occupancy.expiration(status, limits, now)
    }

    /// The numbers of active requests, cancelled requests and deadlines.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, usize, usize) {
        self.shared.lock().occupancy.counts()
    }

    fn change<R>(&self, change: impl FnOnce(&mut Occupancy) -> R) -> R {
        let (result, waker) = {
            let mut shared = self.shared.lock();
            (change(&mut shared.occupancy), shared.waker.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }
}

impl Evictable for InstanceState {
    fn try_evict(&self) -> bool {
        self.evict()
    }
}
