//! Admission control: limits the number of instances, and queues requests when all permits are taken.
//!
//! Every instance holds an [`InstancePermit`]. If none is free, requests wait in the order of their arrival, whichever
//! component they are for. Beyond the limits of the queue, requests are rejected as [`Overloaded`].

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

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

/// A request's position in the order of arrival. Dropping it leaves the queue.
pub struct QueueTicket {
    admission: Arc<Admission>,
    component: ComponentIndex,
    origin: Origin,
    /// `None` until the request waits for the first time.
    number: Option<u64>,
    /// When the queue timeout ends; `None` until the request waits for the first time.
    deadline: Option<Instant>,
    /// Wakes the request while it waits.
    woken: Option<oneshot::Receiver<bool>>,
    /// Whether the request was woken with a reservation that it has not settled.
    has_reservation: bool,
}

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
        "no instance was free within {MAX_GUEST_WAIT:?} for a request of a guest to its own application, whose instances \
         may all wait for such requests (--max-instances)"
    )]
    GuestTimeout,
}

impl Admission {
    /// Allows `instances` at once. `max_waiting` requests may wait, each for `queue_timeout`.
    pub fn new(instances: usize, max_waiting: usize, queue_timeout: Duration) -> Arc<Self> {
        let state = State {
            free_permits: instances,
            last_ticket: FIRST_CLIENT_TICKET,
            last_guest_ticket: 0,
            queue: BTreeMap::new(),
            components: HashMap::new(),
            idle: BTreeMap::new(),
        };
        Arc::new(Self { max_waiting, queue_timeout, waiting: AtomicUsize::new(0), state: Mutex::new(state) })
    }

    /// Returns a ticket for a request. The request is not in the queue until it [waits](QueueTicket::wait).
    pub fn new_ticket(self: &Arc<Self>, component: ComponentIndex, origin: Origin) -> QueueTicket {
        QueueTicket {
            admission: self.clone(),
            component,
            origin,
            number: None,
            deadline: None,
            woken: None,
            has_reservation: false,
        }
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
        let Some(Waiter { component, wake }) = self.queue.remove(&ticket) else { return false };
        let component = self.components.entry(component).or_default();
        component.waiting -= 1;
        let is_alive = wake.send(with_reservation).is_ok();
        if is_alive && with_reservation {
            component.unsettled += 1;
            component.reserved += 1;
        }
        is_alive
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

impl QueueTicket {
    /// Waits behind the requests that came before, until a permit is reserved for its component, or an instance of its
    /// component has capacity. If the request finds neither any more, it can wait again in its old position.
    ///
    /// # Errors
    ///
    /// If the queue is full, or the queue timeout has ended.
    pub async fn wait(&mut self) -> Result<(), Overloaded> {
        self.settle();
        let admission = self.admission.clone();
        let deadline = match self.deadline {
            Some(deadline) => deadline,
            // A timeout beyond the clock's range is no limit.
            None => Instant::now()
                .checked_add(self.max_wait())
                .unwrap_or_else(|| Instant::now() + Duration::from_secs(30 * 365 * 24 * 3600)),
        };
        self.deadline = Some(deadline);
        let woken = self.enqueue()?;
        match timeout_at(deadline, woken).await {
            Ok(with_reservation) => self.has_reservation = with_reservation.unwrap_or(false),
            Err(_) if self.max_wait() < admission.queue_timeout => return Err(Overloaded::GuestTimeout),
            Err(_) => return Err(Overloaded::QueueTimeout),
        }
        self.woken = None;
        Ok(())
    }

    fn max_wait(&self) -> Duration {
        match self.origin {
            Origin::Client => self.admission.queue_timeout,
            Origin::Guest => self.admission.queue_timeout.min(MAX_GUEST_WAIT),
        }
    }

    fn enqueue(&mut self) -> Result<&mut oneshot::Receiver<bool>, Overloaded> {
        let (wake, woken) = oneshot::channel();
        let mut state = self.admission.lock();
        let number = match self.number {
            Some(number) => number,
            // The maximum is for clients; the guests that wait are as many as the instances.
            None if self.origin == Origin::Guest => {
                state.last_guest_ticket += 1;
                state.last_guest_ticket
            }
            None if state.queue.len() >= self.admission.max_waiting => return Err(Overloaded::QueueFull),
            None => {
                state.last_ticket += 1;
                state.last_ticket
            }
        };
        self.number = Some(number);
        state.queue.insert(number, Waiter { component: self.component, wake });
        state.components.entry(self.component).or_default().waiting += 1;
        // The caller found no permit before it took the lock; one may have become free since.
        if state.free_permits > 0 {
            state.free_permits -= 1;
            state.release_permit();
        } else {
            state.evict_one();
        }
        self.admission.publish_length(&state);
        let is_waiting = state.queue.contains_key(&number);
        drop(state);
        if is_waiting {
            tracing::debug!("a request waits for an instance");
        }
        Ok(self.woken.insert(woken))
    }

    /// Settles the reservation, because the request has started or is given up. If no instance has taken the permit, it
    /// goes to the next request.
    pub fn settle(&mut self) {
        if !std::mem::take(&mut self.has_reservation) {
            return;
        }
        let mut state = self.admission.lock();
        let component = state.components.entry(self.component).or_default();
        component.unsettled -= 1;
        if component.reserved > component.unsettled {
            component.reserved -= 1;
            state.release_permit();
            self.admission.publish_length(&state);
        }
    }
}

impl Drop for QueueTicket {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.admission.lock();
            if state.queue.remove(&number).is_some() {
                state.components.entry(self.component).or_default().waiting -= 1;
                self.admission.publish_length(&state);
            }
        }
        // The request may have been woken, and given up before it was polled: its reservation must not be lost.
        if let Some(with_reservation) = self.woken.as_mut().and_then(|woken| woken.try_recv().ok()) {
            self.has_reservation = with_reservation;
        }
        self.settle();
    }
}

impl Drop for InstancePermit {
    fn drop(&mut self) {
        self.0.release_permit();
    }
}

#[cfg(test)]
mod tests;
