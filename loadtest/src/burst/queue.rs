//! What a shot's connections share: the requests that wait to be sent, the moment when each may go, and
//! what is counted of those that aren't kept.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Start;
use crate::schedule::{Planned, Schedule};
use crate::tally::Tally;
use crate::trace::Row;

/// How long the pacer sleeps at most, so that it soon notices the burst's end.
const NAP: Duration = Duration::from_millis(50);

pub struct Queue {
    schedule: Schedule,
    start: OnceLock<Start>,
    planned: Mutex<Planned>,
    /// One permit for each planned request that may go.
    due: Semaphore,
    /// The next of those that wait for an answer.
    next: AtomicUsize,
    beyond: Mutex<Tally>,
}

/// A connection's turn to send.
pub struct Turn {
    pub i: usize,
    /// When it was due, in microseconds from the burst's start.
    pub planned_us: Option<f64>,
    pub start: Start,
}

impl Queue {
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            start: OnceLock::new(),
            planned: Mutex::new(schedule.planned()),
            due: Semaphore::new(0),
            next: AtomicUsize::new(schedule.planned_count()),
            beyond: Mutex::default(),
        }
    }

    /// Lets the requests go, each at its time.
    pub fn release(self: &Arc<Self>, released: Start, stopped: &CancellationToken) {
        let Schedule { delay, spacing, open, .. } = self.schedule;
        let _ = self.start.set(released.after(delay));
        if open.is_none() && spacing.is_zero() && delay.is_zero() {
            return self.due.add_permits(self.schedule.connections());
        }
        let (queue, stopped) = (self.clone(), stopped.clone());
        // A thread of its own: the runtime's timers are only good to a millisecond.
        thread::spawn(move || queue.pace(&stopped));
    }

    /// The next request, once it may go. `first` is a connection's first of the burst.
    pub async fn turn(&self, first: bool) -> Option<Turn> {
        let is_planned = first || self.schedule.open.is_some();
        if is_planned {
            self.due.acquire().await.ok()?.forget();
        }
        let start = *self.start.get()?;
        if self.schedule.is_over(start.instant.elapsed()) {
            return None;
        }
        if is_planned {
            let (i, due) = self.lock_planned().next().filter(|(_, due)| !self.schedule.is_over(*due))?;
            return Some(Turn { i, planned_us: Some(due.as_secs_f64() * 1e6), start });
        }
        let i = self.next.fetch_add(1, Relaxed);
        (i < self.schedule.n).then_some(Turn { i, planned_us: None, start })
    }

    /// Counts a request that isn't kept itself.
    pub fn count(&self, row: &Row) {
        self.beyond.lock().unwrap_or_else(PoisonError::into_inner).add(row);
    }

    /// What was counted.
    pub fn counted(&self) -> Tally {
        std::mem::take(&mut self.beyond.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many requests were due before the burst's end and found no connection until then.
    pub fn unsent(&self) -> usize {
        if self.schedule.open.is_none() || self.schedule.duration.is_none() {
            return 0;
        }
        self.lock_planned().by_ref().take_while(|(_, due)| !self.schedule.is_over(*due)).count()
    }

    fn lock_planned(&self) -> MutexGuard<'_, Planned> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(&self, stopped: &CancellationToken) {
        let Some(start) = self.start.get() else { return };
        for (_, due) in self.schedule.planned().take_while(|(_, due)| !self.schedule.is_over(*due)) {
            loop {
                // The start itself may be yet to come.
                let ahead = start.instant.saturating_duration_since(Instant::now());
                let early = due.saturating_add(ahead).saturating_sub(start.instant.elapsed());
                if stopped.is_cancelled() {
                    return;
                }
                if early.is_zero() {
                    break;
                }
                thread::sleep(early.min(NAP));
            }
            self.due.add_permits(1);
        }
        // Those that wait learn that nothing more is to be sent.
        self.due.add_permits(self.schedule.connections());
    }
}
