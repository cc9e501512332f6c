//! Requests that wait until an instance takes them, and the instances that have room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What may wait in a line.
pub trait Waits {
    /// Whether anybody still wants it to be taken.
    fn is_wanted(&self) -> bool;
}

/// First come, first taken.
pub struct Line<T>(Mutex<State<T>>);

struct State<T> {
    waiting: VecDeque<(Instant, T)>,
    /// How many takers are counted on: those that opened, or were polled, in this round.
    open: usize,
    /// Begins anew each time all that are open are given up.
    round: u64,
    /// Takers to be woken, the one that has listened for longest first.
    listening: BTreeMap<u64, Waker>,
    next_ticket: u64,
}

/// One that takes from the line while it is open.
pub struct Taker<T> {
    line: Arc<Line<T>>,
    /// The round in which it was counted.
    open_in: Option<u64>,
    ticket: Option<u64>,
}

/// What a look at the line finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    Nobody,
    Waiting,
    /// Those that are open don't take it: a new one is needed.
    Overdue,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            waiting: VecDeque::new(),
            open: 0,
            round: 0,
            listening: BTreeMap::new(),
            next_ticket: 0,
        }))
    }
}

impl<T: Waits> Line<T> {
    /// Lines up; given back where no taker is open.
    pub fn push(&self, item: T) -> Option<T> {
        let mut state = self.lock();
        if state.open == 0 {
            return Some(item);
        }
        state.waiting.push_back((Instant::now(), item));
        let waker = state.next_waker();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    /// One that is not open yet.
    pub fn taker(self: &Arc<Self>) -> Taker<T> {
        Taker { line: self.clone(), open_in: None, ticket: None }
    }

    /// Whether one has waited for too long at `now`. Takers that are open then are given up, until they are polled, and
    /// those that wait have to wait as long again before the next are.
    pub fn look(&self, now: Instant, patience: Duration) -> Found {
        let mut state = self.lock();
        let Some(since) = state.first() else { return Found::Nobody };
        let (found, woken) = if now.saturating_duration_since(since) < patience {
            // The one that was woken for it may not get to it, while the next would.
            (Found::Waiting, Vec::from_iter(state.next_waker()))
        } else {
            state.open = 0;
            state.round += 1;
            state.waiting.iter_mut().for_each(|(since, _)| *since = now);
            (Found::Overdue, std::mem::take(&mut state.listening).into_values().collect())
        };
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        found
    }

    /// All that wait, where no taker is open.
    pub fn unattended(&self) -> Vec<T> {
        let mut state = self.lock();
        if state.open > 0 {
            return Vec::new();
        }
        std::iter::from_fn(|| state.take()).collect()
    }

    /// Whether any taker is open.
    pub fn is_open(&self) -> bool {
        self.lock().open > 0
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Waits> State<T> {
    /// Since when the first has waited.
    fn first(&mut self) -> Option<Instant> {
        while let Some((since, item)) = self.waiting.front() {
            if item.is_wanted() {
                return Some(*since);
            }
            self.waiting.pop_front();
        }
        None
    }

    fn take(&mut self) -> Option<T> {
        self.first()?;
        self.waiting.pop_front().map(|(_, item)| item)
    }

    fn next_waker(&mut self) -> Option<Waker> {
        self.listening.pop_first().map(|(_, waker)| waker)
    }
}

impl<T: Waits> Taker<T> {
    /// It has room from now on.
    pub fn open(&mut self) {
        if self.open_in.is_none() {
            let mut state = self.line.lock();
            state.open += 1;
            self.open_in = Some(state.round);
        }
    }

    /// It has none from now on; says whether one waits that needs a new taker.
    pub fn close(&mut self) -> bool {
        let Some(round) = self.open_in.take() else { return false };
        let mut state = self.line.lock();
        if let Some(ticket) = self.ticket.take() {
            state.listening.remove(&ticket);
        }
        if round == state.round {
            state.open -= 1;
        }
        if state.first().is_none() {
            return false;
        }
        if state.open == 0 {
            return true;
        }
        // It may have been woken for one that it doesn't take now.
        let waker = state.next_waker();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        false
    }

    /// The first in the line, if it is open.
    pub fn poll_take(&mut self, context: &mut Context<'_>) -> Poll<T> {
        let Some(round) = &mut self.open_in else { return Poll::Pending };
        let mut state = self.line.lock();
        if *round != state.round {
            *round = state.round;
            state.open += 1;
        }
        if let Some(item) = state.take() {
            return Poll::Ready(item);
        }
        let listening = self.ticket.and_then(|ticket| state.listening.get_mut(&ticket));
        match listening {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                state.next_ticket += 1;
                self.ticket = Some(state.next_ticket);
                let ticket = state.next_ticket;
                state.listening.insert(ticket, context.waker().clone());
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
