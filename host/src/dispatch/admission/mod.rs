//! Admission control: limits the number of instances, and queues requests when all permits are taken.
//!
//! Every instance holds an [`InstancePermit`]. If none is free, requests wait in the order of their arrival, whichever
//! component they are for. Beyond the limits of the queue, requests are rejected as [`Overloaded`].

mod ticket;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

pub use ticket::QueueTicket;

/// How long a request of a guest waits for an instance. Not as long as a client's: if all instances wait for others, none
/// becomes free, and the guests must get an answer.
const MAX_GUEST_WAIT: Duration = Duration::from_secs(5);
/// The tickets of guests have smaller numbers.
const FIRST_CLIENT_TICKET: u64 = 1 << 63;

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Client,
    /// A guest of this application.
    Guest,
}

/// A component, by its index in the application's list of components.
pub type ComponentIndex = usize;

/// The free permits, and the requests that wait for one.
pub struct Admission {
    instances: usize,
    max_waiting: usize,
    queue_timeout: Duration,
    /// The length of the queue, readable without the lock. It is written under the lock, and may lag behind for a reader
    /// without it: such a reader only takes a short cut, and decides nothing that the lock protects.
    waiting: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    free_permits: usize,
    last_ticket: u64,
    /// The number of the last ticket of a guest's request.
    last_guest_ticket: u64,
    /// The waiting requests by ticket number: those of guests first, and each kind in the order of arrival.
    queue: BTreeMap<u64, Waiter>,
    /// The number of requests of guests in the queue.
    waiting_guests: usize,
    components: HashMap<ComponentIndex, ComponentState>,
    /// Instances that were idle when they were added, by address. When a request waits, one of them is evicted. An
    /// instance that is busy again is still here, and refuses the eviction.
    idle: BTreeMap<usize, Arc<dyn Evictable>>,
}

struct Waiter {
    component: ComponentIndex,
    /// Wakes the request. The value says whether a permit is reserved for its component.
    wake: oneshot::Sender<bool>,
}

/// The waiting and woken requests of one component.
///
/// A permit is reserved for the component, not for a single request: a request that is woken may find an instance with
/// spare capacity, while the permit serves the instance that another request of the component needs.
#[derive(Default)]
struct ComponentState {
    /// The number of requests in the queue.
    waiting: usize,
    /// The number of requests that were woken with a reservation and have not settled it.
    unsettled: usize,
    /// The number of reserved permits that no instance has taken. Invariant: `reserved <= unsettled`;
    /// [`QueueTicket::settle`] passes a surplus on to the next request.
    reserved: usize,
}

/// An instance that holds no request, and may be ended to free its permit.
pub trait Evictable: Send + Sync {
    /// Ends the instance unless it has taken a request meanwhile. Returns whether it ends.
    fn try_evict(&self) -> bool;
}

/// The permission for one instance. Dropping it frees it for the next request.
pub struct InstancePermit(Arc<Admission>);

/// The reason why a request is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overloaded {
    /// The queue has its maximum length.
    #[error("the maximum number of requests is waiting already (--max-waiting)")]
    QueueFull,
    /// The request has waited for the maximum time.
    #[error("no instance was free within the maximum waiting time (--queue-timeout)")]
    QueueTimeout,
    /// A guest's request has waited for the maximum time.
    #[error(
        "no instance was free within {waited:?} for a request of a guest to its own application, which needs one beside \
         its caller's; all {instances} instances were in use, and may all wait for such requests; a larger --max-instances \
         has room for them"
    )]
    GuestTimeout {
        /// How long it waited.
        waited: Duration,
        /// The maximum number of instances.
        instances: usize,
    },
}

impl Admission {
    /// Allows `instances` at once. `max_waiting` requests of clients and as many of guests may wait, each for
    /// `queue_timeout`.
    pub fn new(instances: usize, max_waiting: usize, queue_timeout: Duration) -> Arc<Self> {
        let state = State {
            free_permits: instances,
            last_ticket: FIRST_CLIENT_TICKET,
            last_guest_ticket: 0,
            queue: BTreeMap::new(),
            waiting_guests: 0,
            components: HashMap::new(),
            idle: BTreeMap::new(),
        };
        let (waiting, state) = (AtomicUsize::new(0), Mutex::new(state));
        Arc::new(Self { instances, max_waiting, queue_timeout, waiting, state })
    }

    /// Whether any request waits.
    pub fn has_waiting(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    /// Returns a permit for a new instance of the component: a reserved one, or a free one if no request waits.
    pub fn try_acquire(self: &Arc<Self>, component: ComponentIndex) -> Option<InstancePermit> {
        let State { free_permits, queue, components, .. } = &mut *self.lock();
        match components.get_mut(&component) {
            Some(state) if state.reserved > 0 => state.reserved -= 1,
            _ if queue.is_empty() && *free_permits > 0 => *free_permits -= 1,
            _ => return None,
        }
        Some(InstancePermit(self.clone()))
    }

    /// Wakes the component's first waiting request, because an instance has capacity for it.
    pub fn notify_capacity(&self, component: ComponentIndex) {
        if !self.has_waiting() {
            return;
        }
        let mut state = self.lock();
        if state.components.get(&component).is_some_and(|state| state.waiting > 0)
            && let Some(ticket) = state.first_of(component)
        {
            state.wake(ticket, false);
            self.publish_length(&state);
        }
    }

    /// Adds an instance that holds no request. It is evicted at once if a request waits, or when one does.
    pub fn add_idle(&self, instance: Arc<dyn Evictable>) {
        let mut state = self.lock();
        if state.queue.is_empty() || !instance.try_evict() {
            state.idle.insert(address(&instance), instance);
        }
    }

    /// Removes an instance that has ended.
    pub fn remove_idle(&self, instance: &Arc<dyn Evictable>) {
        self.lock().idle.remove(&address(instance));
    }

    fn release_permit(&self) {
        let mut state = self.lock();
        state.release_permit();
        self.publish_length(&state);
    }

    fn publish_length(&self, state: &State) {
        self.waiting.store(state.queue.len(), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Identifies an instance.
fn address(instance: &Arc<dyn Evictable>) -> usize {
    Arc::as_ptr(instance).addr()
}

impl State {
    /// Reserves the permit for the first request in the queue, or makes it free.
    fn release_permit(&mut self) {
        while let Some((&ticket, _)) = self.queue.first_key_value() {
            if self.wake(ticket, true) {
                return;
            }
        }
        self.free_permits += 1;
    }

    /// Removes a request from the queue and wakes it, with or without a reservation. Returns `false` if the request was
    /// given up meanwhile.
    fn wake(&mut self, ticket: u64, with_reservation: bool) -> bool {
        let Some(Waiter { component, wake }) = self.remove(ticket) else { return false };
        let component = self.components.entry(component).or_default();
        let is_alive = wake.send(with_reservation).is_ok();
        if is_alive && with_reservation {
            component.unsettled += 1;
            component.reserved += 1;
        }
        is_alive
    }

    /// Adds a request to the queue.
    fn insert(&mut self, ticket: u64, waiter: Waiter) {
        self.waiting_guests += usize::from(ticket < FIRST_CLIENT_TICKET);
        self.components.entry(waiter.component).or_default().waiting += 1;
        self.queue.insert(ticket, waiter);
    }

    /// Removes a request from the queue if it is there.
    fn remove(&mut self, ticket: u64) -> Option<Waiter> {
        let waiter = self.queue.remove(&ticket)?;
        self.waiting_guests -= usize::from(ticket < FIRST_CLIENT_TICKET);
        self.components.entry(waiter.component).or_default().waiting -= 1;
        Some(waiter)
    }

    fn first_of(&self, component: ComponentIndex) -> Option<u64> {
        self.queue.iter().find(|(_, waiter)| waiter.component == component).map(|(&ticket, _)| ticket)
    }

    fn evict_one(&mut self) {
        while let Some((_, instance)) = self.idle.pop_first() {
            if instance.try_evict() {
                return;
            }
        }
    }
}

impl Drop for InstancePermit {
    fn drop(&mut self) {
        self.0.release_permit();
    }
}

#[cfg(test)]
mod tests;
