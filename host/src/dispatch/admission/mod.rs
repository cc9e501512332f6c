//! Who waits when the machine is full.
//!
//! Every instance takes a [`Room`]. Where none is free, requests wait in the order in which they
//! came, whichever component they are for; past the limits they are turned away.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// Which component a request is for: its place in the application's list.
pub type Group = usize;

/// How many instances there may be, and who may wait for one.
pub struct Admission {
    max_waiting: usize,
    queue_timeout: Duration,
    /// Length of the queue, to be read without the lock.
    waiting: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    free: usize,
    next_ticket: u64,
    /// By ticket, and so in the order of arrival.
    queue: BTreeMap<u64, Waiter>,
    groups: HashMap<Group, Called>,
    /// When somebody waits, one of them gives way. Those that found work are still here, and won't.
    idle: BTreeMap<usize, Arc<dyn GiveWay>>,
}

struct Waiter {
    group: Group,
    call: oneshot::Sender<bool>,
}

/// Requests of a component that have been called, and have not started yet.
#[derive(Default)]
struct Called {
    waiting: usize,
    /// How many of them were promised a room,
    promised: usize,
    /// and how many of the promised rooms are not taken yet.
    kept: usize,
}

/// An instance that holds no request, and can make room.
pub trait GiveWay: Send + Sync {
    /// Ends the instance, unless it has found work meanwhile; says whether it did.
    fn give_way(&self) -> bool;
}

/// The right to one instance, until it is dropped.
pub struct Room(Arc<Admission>);

/// A request's place in the order of arrival, until it is dropped.
pub struct Place {
    admission: Arc<Admission>,
    group: Group,
    ticket: Option<u64>,
    deadline: Option<Instant>,
    /// While it waits: it hears here that it is its turn, and whether a room is kept.
    called: Option<oneshot::Receiver<bool>>,
    promised: bool,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TurnedAway {
    /// As many wait as may.
    #[error("as many requests wait as may (--max-waiting)")]
    QueueFull,
    /// It has waited for as long as it may.
    #[error("it waited for an instance as long as it may (--queue-timeout)")]
    TooLong,
}

impl Admission {
    /// Room for `instances` at once; `max_waiting` requests may wait, each for `queue_timeout`.
    pub fn new(instances: usize, max_waiting: usize, queue_timeout: Duration) -> Arc<Self> {
        let state = State {
            free: instances,
            next_ticket: 0,
            queue: BTreeMap::new(),
            groups: HashMap::new(),
            idle: BTreeMap::new(),
        };
        Arc::new(Self { max_waiting, queue_timeout, waiting: AtomicUsize::new(0), state: Mutex::new(state) })
    }

    /// A place for a request that has just come.
    pub fn arrive(self: &Arc<Self>, group: Group) -> Place {
        Place { admission: self.clone(), group, ticket: None, deadline: None, called: None, promised: false }
    }

    /// Whether anybody waits.
    pub fn is_crowded(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    /// A room for a new instance of the component; none where all are taken, or others wait for it.
    pub fn room(self: &Arc<Self>, group: Group) -> Option<Room> {
        let State { free, queue, groups, .. } = &mut *self.lock();
        match groups.get_mut(&group) {
            Some(called) if called.kept > 0 => called.kept -= 1,
            _ if queue.is_empty() && *free > 0 => *free -= 1,
            _ => return None,
        }
        Some(Room(self.clone()))
    }

    /// An instance of the component has room for one more request.
    pub fn vacancy(&self, group: Group) {
        if !self.is_crowded() {
            return;
        }
        let mut state = self.lock();
        if state.groups.get(&group).is_some_and(|called| called.waiting > 0)
            && let Some(ticket) = state.first_of(group)
        {
            state.call(ticket, false);
            self.count(&state);
        }
    }

    /// An instance holds no request now: it is asked to give way when room is short.
    pub fn idles(&self, instance: Arc<dyn GiveWay>) {
        let mut state = self.lock();
        if state.queue.is_empty() || !instance.give_way() {
            state.idle.insert(address(&instance), instance);
        }
    }

    /// The instance that idled has ended, or found work.
    pub fn idles_no_more(&self, instance: &Arc<dyn GiveWay>) {
        self.lock().idle.remove(&address(instance));
    }

    fn release(&self) {
        let mut state = self.lock();
        state.release();
        self.count(&state);
    }

    fn count(&self, state: &State) {
        self.waiting.store(state.queue.len(), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells instances apart.
fn address(instance: &Arc<dyn GiveWay>) -> usize {
    Arc::as_ptr(instance).addr()
}

impl State {
    /// A room is free: the first in the queue gets it.
    fn release(&mut self) {
        while let Some((&ticket, _)) = self.queue.first_key_value() {
            if self.call(ticket, true) {
                return;
            }
        }
        self.free += 1;
    }

    /// Calls one that waits, and promises it a room or not; says whether it still listened.
    fn call(&mut self, ticket: u64, promise: bool) -> bool {
        let Some(Waiter { group, call }) = self.queue.remove(&ticket) else { return false };
        let called = self.groups.entry(group).or_default();
        called.waiting -= 1;
        let heard = call.send(promise).is_ok();
        if heard && promise {
            called.promised += 1;
            called.kept += 1;
        }
        heard
    }

    fn first_of(&self, group: Group) -> Option<u64> {
        self.queue.iter().find(|(_, waiter)| waiter.group == group).map(|(&ticket, _)| ticket)
    }

    fn make_room(&mut self) {
        while let Some((_, instance)) = self.idle.pop_first() {
            if instance.give_way() {
                return;
            }
        }
    }
}

impl Place {
    /// Waits for its turn, behind those that came before: until a room is kept for its component, or
    /// an instance of it has room. It may have to wait again, and keeps its place.
    ///
    /// # Errors
    ///
    /// Where too many wait already, or it has waited for too long.
    pub async fn wait(&mut self) -> Result<(), TurnedAway> {
        self.settle();
        let admission = self.admission.clone();
        let deadline = match self.deadline {
            Some(deadline) => deadline,
            // A time too far off for the clock is no limit.
            None => Instant::now()
                .checked_add(admission.queue_timeout)
                .unwrap_or_else(|| Instant::now() + Duration::from_secs(30 * 365 * 24 * 3600)),
        };
        self.deadline = Some(deadline);
        let called = self.line_up()?;
        match timeout_at(deadline, called).await {
            Ok(promised) => self.promised = promised.unwrap_or(false),
            Err(_) => return Err(TurnedAway::TooLong),
        }
        self.called = None;
        Ok(())
    }

    fn line_up(&mut self) -> Result<&mut oneshot::Receiver<bool>, TurnedAway> {
        let (call, called) = oneshot::channel();
        let mut state = self.admission.lock();
        let ticket = match self.ticket {
            Some(ticket) => ticket,
            None if state.queue.len() >= self.admission.max_waiting => return Err(TurnedAway::QueueFull),
            None => {
                state.next_ticket += 1;
                state.next_ticket
            }
        };
        self.ticket = Some(ticket);
        state.queue.insert(ticket, Waiter { group: self.group, call });
        state.groups.entry(self.group).or_default().waiting += 1;
        // A room that came free before it stood in the queue.
        if state.free > 0 {
            state.free -= 1;
            state.release();
        } else {
            state.make_room();
        }
        self.admission.count(&state);
        drop(state);
        Ok(self.called.insert(called))
    }

    /// Its request has started: a room that was kept for it, and not needed, goes to the next.
    pub fn settle(&mut self) {
        if !std::mem::take(&mut self.promised) {
            return;
        }
        let mut state = self.admission.lock();
        let called = state.groups.entry(self.group).or_default();
        called.promised -= 1;
        if called.kept > called.promised {
            called.kept -= 1;
            state.release();
            self.admission.count(&state);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.admission.lock();
            if state.queue.remove(&ticket).is_some() {
                state.groups.entry(self.group).or_default().waiting -= 1;
                self.admission.count(&state);
            }
        }
        // It may have been called, and gone before it heard.
        if let Some(promised) = self.called.as_mut().and_then(|called| called.try_recv().ok()) {
            self.promised = promised;
        }
        self.settle();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.release();
    }
}

#[cfg(test)]
mod tests;
