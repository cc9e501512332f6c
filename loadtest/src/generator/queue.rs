//! What a shot's connections share: the requests that wait to be sent, the moment when each may go, and
//! what is counted of those that aren't kept.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use judge::aggregate::Aggregate;
use judge::schedule::{Planned, Schedule};
use judge::trace::Row;
use tokio::sync::{Semaphore, SetOnce};
use tokio_util::sync::CancellationToken;

use super::Start;
use super::gate::Gate;

/// How long the pacer sleeps at most, so that it soon notices the burst's end.
const NAP: Duration = Duration::from_millis(50);

pub struct Queue {
    schedule: Schedule,
    start: SetOnce<Start>,
    /// Those that hold back a first request.
    gates: Mutex<Vec<Gate>>,
    /// Done when the first requests, which all went at the release, have had their time.
    overdue: CancellationToken,
    planned: Mutex<Planned>,
    /// One permit for each planned request that may go.
    due: Semaphore,
    /// The next of those that wait for an answer.
    next: AtomicUsize,
    beyond: Mutex<Aggregate>,
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
            start: SetOnce::new(),
            gates: Mutex::default(),
            overdue: CancellationToken::new(),
            planned: Mutex::new(schedule.planned()),
            due: Semaphore::new(0),
            next: AtomicUsize::new(schedule.planned_count()),
            beyond: Mutex::default(),
        }
    }

    /// The number of a first request that goes at the moment of release, when `gate` is opened for it. `None`
    /// where each goes at its own time.
    pub fn hold(&self, gate: &Gate) -> Option<usize> {
        if !self.schedule.is_together() {
            return None;
        }
        gate.close();
        lock(&self.gates).push(gate.clone());
        lock(&self.planned).next().map(|(i, _)| i)
    }

    /// Those that hold back a request.
    pub fn gates(&self) -> Vec<Gate> {
        std::mem::take(&mut lock(&self.gates))
    }

    /// Sets the moment that all times count from, after the delay.
    pub fn start(&self, released: Start) {
        let _ = self.start.set(released.after(self.schedule.delay));
    }

    /// The moment that all times count from, once it has come.
    pub async fn started(&self) -> Start {
        *self.start.wait().await
    }

    /// Once a request that went at the release has had its time. For all of them one timer: setting one each
    /// would take its time from the release.
    pub async fn overdue(&self) {
        self.overdue.cancelled().await;
    }

    /// Lets the requests go that no gate held back, each at its time.
    pub fn release(self: &Arc<Self>, timeout: Option<Duration>, stopped: &CancellationToken) {
        if self.schedule.is_together() {
            if let Some(timeout) = timeout {
                let overdue = self.overdue.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(timeout).await;
                    overdue.cancel();
                });
            }
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
            let (i, due) = lock(&self.planned).next().filter(|(_, due)| !self.schedule.is_over(*due))?;
            return Some(Turn { i, planned_us: Some(due.as_secs_f64() * 1e6), start });
        }
        let i = self.next.fetch_add(1, Relaxed);
        (i < self.schedule.n).then_some(Turn { i, planned_us: None, start })
    }

    /// Counts a request that isn't kept itself.
    pub fn count(&self, row: &Row) {
        lock(&self.beyond).add(row);
    }

    /// What was counted.
    pub fn counted(&self) -> Aggregate {
        std::mem::take(&mut lock(&self.beyond))
    }

    /// How many requests were due before the burst's end and found no connection until then.
    pub fn unsent(&self) -> usize {
        if self.schedule.open.is_none() || self.schedule.duration.is_none() {
            return 0;
        }
        lock(&self.planned).by_ref().take_while(|(_, due)| !self.schedule.is_over(*due)).count()
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
