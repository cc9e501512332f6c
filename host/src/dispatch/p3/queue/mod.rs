//! The queue between the requests of a component and its instances.
//!
//! wasmtime's handler has a queue and a counter of available workers for this purpose (wasmtime-wasi-http,
//! `src/handler.rs`: `Queue`, `Worker::set_available`, `ProxyHandler::handle`). There, a worker whose guest blocks the
//! event loop stays available, and a request can wait for it without end (upstream issues #11869 and #11870). Here, the
//! counter and the queue are under one lock, and [`DispatchQueue::check`] gives up on consumers that don't take items.

use std::collections::{BTreeMap, VecDeque};
use std::ops::DerefMut;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::lock::{Lock, Locks, StdLocks};

/// An item that may lose its purpose while it waits.
pub trait Cancellable {
    /// Whether no consumer needs to take the item any more.
    fn is_cancelled(&self) -> bool;
}

/// A queue of items in the order of arrival, and its consumers.
///
/// Invariant: if the queue has an item, a consumer is available, or a new consumer was requested: by
/// [`DispatchQueue::push`], [`Consumer::set_unavailable`] or [`DispatchQueue::check`].
pub struct DispatchQueue<T, L: Locks = StdLocks>(L::Mutex<State<T>>);

struct State<T> {
    items: VecDeque<(Instant, T)>,
    /// The number of available consumers that became available, or were polled, in this generation.
    available: usize,
    /// Incremented when all available consumers are given up. A consumer of an older generation is not in `available`.
    generation: u64,
    /// The wakers of waiting consumers; the one that has waited longest is first.
    wakers: BTreeMap<u64, Waker>,
    last_waker_id: u64,
}

/// A consumer that takes items while it is available.
pub struct Consumer<T, L: Locks = StdLocks> {
    queue: Arc<DispatchQueue<T, L>>,
    /// The generation in which the consumer is counted; `None` if it is unavailable.
    generation: Option<u64>,
    waker_id: Option<u64>,
}

/// The result of [`DispatchQueue::check`].
#[derive(Debug, PartialEq, Eq)]
pub enum QueueStatus {
    Empty,
    Waiting,
    /// The available consumers don't take the first item: a new consumer is needed.
    Overdue,
}

impl<T, L: Locks> Default for DispatchQueue<T, L> {
    fn default() -> Self {
        Self(Lock::new(State {
            items: VecDeque::new(),
            available: 0,
            generation: 0,
            wakers: BTreeMap::new(),
            last_waker_id: 0,
        }))
    }
}

impl<T: Cancellable, L: Locks> DispatchQueue<T, L> {
    /// Adds the item and wakes a consumer. Returns the item if no consumer is available.
    pub fn push(&self, item: T) -> Option<T> {
        let mut state = self.lock();
        if state.available == 0 {
            return Some(item);
        }
        state.items.push_back((Instant::now(), item));
        let waker = state.next_waker();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    /// Returns a new consumer, which is not available yet.
    pub fn consumer(self: &Arc<Self>) -> Consumer<T, L> {
        Consumer { queue: self.clone(), generation: None, waker_id: None }
    }

    /// Checks whether the first item has waited for `max_wait` at `now`.
    ///
    /// If so, all available consumers are given up: they don't count until they are polled again. The waiting time of all
    /// items starts again, to give a new consumer as much time.
    pub fn check(&self, now: Instant, max_wait: Duration) -> QueueStatus {
        let mut state = self.lock();
        let Some(since) = state.first() else { return QueueStatus::Empty };
        let (status, woken) = if now.saturating_duration_since(since) < max_wait {
            // The consumer that `push` woke may be blocked, while another can take the item.
            (QueueStatus::Waiting, Vec::from_iter(state.next_waker()))
        } else {
            state.available = 0;
            state.generation += 1;
            state.items.iter_mut().for_each(|(since, _)| *since = now);
            (QueueStatus::Overdue, std::mem::take(&mut state.wakers).into_values().collect())
        };
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        status
    }

    /// Removes and returns all items if no consumer is available.
    pub fn drain_unattended(&self) -> Vec<T> {
        let mut state = self.lock();
        if state.available > 0 {
            return Vec::new();
        }
        std::iter::from_fn(|| state.pop()).collect()
    }

    /// Whether a consumer is available.
    pub fn has_available(&self) -> bool {
        self.lock().available > 0
    }

    /// Whether the queue has no item.
    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    fn lock(&self) -> impl DerefMut<Target = State<T>> {
        self.0.lock()
    }
}

impl<T: Cancellable> State<T> {
    /// Removes cancelled items from the front. Returns since when the first item waits.
    fn first(&mut self) -> Option<Instant> {
        while let Some((since, item)) = self.items.front() {
            if !item.is_cancelled() {
                return Some(*since);
            }
            self.items.pop_front();
        }
        None
    }

    fn pop(&mut self) -> Option<T> {
        self.first()?;
        self.items.pop_front().map(|(_, item)| item)
    }

    fn next_waker(&mut self) -> Option<Waker> {
        self.wakers.pop_first().map(|(_, waker)| waker)
    }
}

impl<T: Cancellable, L: Locks> Consumer<T, L> {
    /// Makes the consumer available.
    pub fn set_available(&mut self) {
        if self.generation.is_none() {
            let mut state = self.queue.lock();
            state.available += 1;
            self.generation = Some(state.generation);
        }
    }

    /// Makes the consumer unavailable. Returns whether an item waits and the caller must start a new consumer.
    ///
    /// An item may have been pushed just before, because this consumer was available; then this method is the last to see
    /// it. `Worker::set_available` of wasmtime's handler solves the same race.
    #[must_use]
    pub fn set_unavailable(&mut self) -> bool {
        let Some(generation) = self.generation.take() else { return false };
        let mut state = self.queue.lock();
        if let Some(id) = self.waker_id.take() {
            state.wakers.remove(&id);
        }
        if generation == state.generation {
            state.available -= 1;
        }
        if state.first().is_none() {
            return false;
        }
        if state.available == 0 {
            return true;
        }
        // This consumer may have been woken for the item, so it wakes another.
        let waker = state.next_waker();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        false
    }

    /// Returns the first item if the consumer is available. A consumer that was given up counts as available again.
    pub fn poll_pop(&mut self, context: &mut Context<'_>) -> Poll<T> {
        let Some(generation) = &mut self.generation else { return Poll::Pending };
        let mut state = self.queue.lock();
        if *generation != state.generation {
            *generation = state.generation;
            state.available += 1;
        }
        if let Some(item) = state.pop() {
            return Poll::Ready(item);
        }
        let waker = self.waker_id.and_then(|id| state.wakers.get_mut(&id));
        match waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                state.last_waker_id += 1;
                self.waker_id = Some(state.last_waker_id);
                let id = state.last_waker_id;
                state.wakers.insert(id, context.waker().clone());
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
