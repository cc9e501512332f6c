//! The state of an instance that its task, its requests and the admission control share.
//!
//! All atomics use `SeqCst`: several threads update more than one of them, and each update must be visible in the same
//! order to a thread that reads more than one.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use crate::dispatch::admission::Evictable;
use crate::dispatch::body::AbortFlag;
use crate::dispatch::evidence::InstanceCounters;

/// The state of one instance and its requests.
#[derive(Default)]
pub struct InstanceState {
    /// The number of requests that are not complete and have a client.
    active: AtomicUsize,
    /// The number of requests that were cancelled, because their clients are gone or got a timeout. The guest may still
    /// work on them.
    cancelled: AtomicUsize,
    /// The deadlines of the requests without a response.
    deadlines: Mutex<Vec<Instant>>,
    /// [`BUSY`], [`IDLE`] or [`EVICTED`].
    activity: AtomicU8,
    /// Whether the instance is in the admission control's list of idle instances.
    is_listed: AtomicBool,
    /// Wakes the instance's task.
    pub waker: AtomicWaker,
    /// Marks the instance's responses as aborted.
    pub abort_flag: AbortFlag,
    /// The instance's identity as responses and the trace file show it.
    pub counters: Arc<InstanceCounters>,
    /// The reason why the host ended the instance; not set if the instance ended by itself.
    pub end: OnceLock<EndReason>,
}

/// The reason why the host ends an instance at work.
pub enum EndReason {
    /// All of its requests are cancelled.
    Cancelled,
    /// A request exceeded its timeout while the guest blocked the instance.
    Blocked {
        /// The number of other requests that the instance held.
        other_requests: usize,
    },
    /// All requests have their responses, and the guest's work afterwards exceeded the timeout.
    PostReturnTimeout,
}

const BUSY: u8 = 0;
const IDLE: u8 = 1;
const EVICTED: u8 = 2;

impl InstanceState {
    /// Whether the instance has only cancelled requests.
    pub fn has_only_cancelled_requests(&self) -> bool {
        self.active.load(SeqCst) == 0 && self.cancelled.load(SeqCst) > 0
    }

    /// The number of active requests whose deadlines have not passed.
    pub fn requests_within_deadline(&self) -> usize {
        let now = Instant::now();
        let late = lock(&self.deadlines).iter().filter(|deadline| **deadline <= now).count();
        self.active.load(SeqCst).saturating_sub(late)
    }

    /// The earliest deadline of a request without a response.
    pub fn next_deadline(&self) -> Option<Instant> {
        lock(&self.deadlines).iter().min().copied()
    }

    /// Marks the instance as idle. Returns whether the caller must add it to the list of idle instances.
    pub fn set_idle(&self) -> bool {
        self.activity.compare_exchange(BUSY, IDLE, SeqCst, SeqCst).is_ok()
            && !self.is_listed.swap(true, SeqCst)
    }

    /// Marks the instance as busy, so that it can't be evicted.
    pub fn set_busy(&self) {
        self.activity.store(BUSY, SeqCst);
    }

    /// Whether the instance was evicted.
    pub fn is_evicted(&self) -> bool {
        self.activity.load(SeqCst) == EVICTED
    }

    /// Adds a request with its deadline.
    pub fn add_request(&self, deadline: Option<Instant>) {
        self.active.fetch_add(1, SeqCst);
        lock(&self.deadlines).extend(deadline);
    }

    /// Adds a request that was cancelled before the instance took it.
    pub fn add_cancelled_request(&self) {
        self.cancelled.fetch_add(1, SeqCst);
    }

    /// Removes the deadline of a request that has its response or is cancelled.
    pub fn remove_deadline(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        let mut deadlines = lock(&self.deadlines);
        if let Some(index) = deadlines.iter().position(|other| *other == deadline) {
            deadlines.swap_remove(index);
        }
    }

    /// Removes a request whose response is complete.
    pub fn complete_request(&self) {
        self.active.fetch_sub(1, SeqCst);
        // All remaining requests may be cancelled ones: the task checks it.
        self.waker.wake();
    }

    /// Turns an active request into a cancelled one.
    pub fn cancel_request(&self) {
        // The increment first: in between, the instance has one request too many. In the other order, a reader could see
        // no cancelled request and no active one, and miss that the instance must end.
        self.cancelled.fetch_add(1, SeqCst);
        self.active.fetch_sub(1, SeqCst);
        self.waker.wake();
    }
}

impl Evictable for InstanceState {
    fn try_evict(&self) -> bool {
        // The caller takes the instance off the list. A busy instance is added again when it becomes idle.
        self.is_listed.store(false, SeqCst);
        let is_evicted = self.activity.compare_exchange(IDLE, EVICTED, SeqCst, SeqCst).is_ok();
        if is_evicted {
            self.waker.wake();
        }
        is_evicted
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
