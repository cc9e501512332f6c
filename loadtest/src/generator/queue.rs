//! What a burst's workers share: the requests that are still to be sent, the time when each may go, and the counts of
//! requests that have no row.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use judge::aggregate::Aggregate;
use judge::schedule::{Planned, Schedule};
use judge::trace::Row;
use tokio::sync::{Semaphore, SetOnce};
use tokio_util::sync::CancellationToken;

use super::bad_answer::BadAnswer;
use super::clock::StartTime;
use super::held_stream::HeldStream;

/// The longest sleep of the pacing thread, after which it checks whether the burst was stopped.
const MAX_SLEEP: Duration = Duration::from_millis(50);

/// Planned requests are numbered before the others. A planned request needs a permit of `due`; the others follow an
/// answer on the same connection, in a closed loop, and take the number `next`.
pub struct RequestQueue {
    schedule: Schedule,
    start: SetOnce<StartTime>,
    /// The bytes of a first request; `None` if the layers above a socket, or their size, don't allow to hold them.
    first: Option<Bytes>,
    /// Streams that hold back a first request.
    held_streams: Mutex<Vec<HeldStream>>,
    /// Cancelled when the timeout of the requests sent at the release has elapsed.
    first_timeout: CancellationToken,
    planned: Mutex<Planned>,
    /// One permit for each planned request that is due. After the last request it has further permits, so that every
    /// waiting worker wakes and ends.
    due: Semaphore,
    next: AtomicUsize,
    counts: Mutex<Aggregate>,
    bad_answer: OnceLock<BadAnswer>,
}

/// A request that a worker may send now.
pub struct DueRequest {
    pub i: usize,
    /// When it was planned, in microseconds from the burst's start; `None` if it follows an answer.
    pub planned_us: Option<f64>,
    pub start: StartTime,
}

impl RequestQueue {
    pub fn new(schedule: Schedule, first: Option<Bytes>) -> Self {
        Self {
            schedule,
            first,
            start: SetOnce::new(),
            held_streams: Mutex::default(),
            first_timeout: CancellationToken::new(),
            planned: Mutex::new(schedule.planned()),
            due: Semaphore::new(0),
            next: AtomicUsize::new(schedule.planned_count()),
            counts: Mutex::default(),
            bad_answer: OnceLock::new(),
        }
    }

    /// Makes `stream` hold back a first request until the release, and returns the request's number. Returns `None` if
    /// the schedule doesn't send the first requests at the release.
    pub fn hold(&self, stream: &HeldStream) -> Option<usize> {
        if !self.schedule.is_together() {
            return None;
        }
        match &self.first {
            Some(request) => stream.hold_request(request.clone()),
            None => stream.hold(),
        }
        lock(&self.held_streams).push(stream.clone());
        lock(&self.planned).next().map(|(i, _)| i)
    }

    /// The streams that hold back a request.
    pub fn take_held_streams(&self) -> Vec<HeldStream> {
        std::mem::take(&mut lock(&self.held_streams))
    }

    /// Sets the burst's start: the release, plus the schedule's delay.
    pub fn start(&self, released: StartTime) {
        let _ = self.start.set(released.after(self.schedule.delay));
    }

    /// Waits for the burst's start to be set. It may still lie ahead.
    pub async fn started(&self) -> StartTime {
        *self.start.wait().await
    }

    /// Waits for the timeout of the requests sent at the release. They share one timer: a timer for each would delay the
    /// release.
    pub async fn first_timeout(&self) {
        self.first_timeout.cancelled().await;
    }

    /// Lets the requests go that no stream held back, each at its time.
    pub fn release(self: &Arc<Self>, timeout: Option<Duration>, stopped: &CancellationToken) {
        if self.schedule.is_together() {
            if let Some(timeout) = timeout {
                let elapsed = self.first_timeout.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(timeout).await;
                    elapsed.cancel();
                });
            }
            return self.due.add_permits(self.schedule.connections());
        }
        let (queue, stopped) = (self.clone(), stopped.clone());
        // A thread, because the runtime's timers have a resolution of a millisecond.
        thread::spawn(move || queue.pace(&stopped));
    }

    /// Waits for the next request that may be sent; `None` after the last. `is_first` says that the connection has not
    /// sent a request of the burst yet.
    pub async fn next_request(&self, is_first: bool) -> Option<DueRequest> {
        let is_planned = is_first || self.schedule.open.is_some();
        if is_planned {
            self.due.acquire().await.ok()?.forget();
        }
        let start = *self.start.get()?;
        if self.schedule.is_over(start.instant.elapsed()) {
            return None;
        }
        if is_planned {
            let (i, due) = lock(&self.planned).next().filter(|(_, due)| !self.schedule.is_over(*due))?;
            return Some(DueRequest { i, planned_us: Some(due.as_secs_f64() * 1e6), start });
        }
        let i = self.next.fetch_add(1, Relaxed);
        (i < self.schedule.n).then_some(DueRequest { i, planned_us: None, start })
    }

    /// Counts a request that has no row.
    pub fn count(&self, row: &Row) {
        lock(&self.counts).add(row);
    }

    /// The counts of the requests that have no row.
    pub fn take_counts(&self) -> Aggregate {
        std::mem::take(&mut lock(&self.counts))
    }

    /// The first answer without a good status.
    pub fn bad_answer(&self) -> &OnceLock<BadAnswer> {
        &self.bad_answer
    }

    /// The number of requests that were due before the burst's end and found no free connection.
    pub fn unsent(&self) -> usize {
        if self.schedule.open.is_none() || self.schedule.duration.is_none() {
            return 0;
        }
        lock(&self.planned).by_ref().take_while(|(_, due)| !self.schedule.is_over(*due)).count()
    }

    /// Adds a permit at each planned time. The pacing thread and the workers iterate the same deterministic plan, so the
    /// nth permit belongs to the nth planned request, whichever worker takes it.
    fn pace(&self, stopped: &CancellationToken) {
        let Some(start) = self.start.get() else { return };
        for (_, due) in self.schedule.planned().take_while(|(_, due)| !self.schedule.is_over(*due)) {
            loop {
                // The start lies ahead if the schedule has a delay.
                let until_start = start.instant.saturating_duration_since(Instant::now());
                let early = due.saturating_add(until_start).saturating_sub(start.instant.elapsed());
                if stopped.is_cancelled() {
                    return;
                }
                if early.is_zero() {
                    break;
                }
                thread::sleep(early.min(MAX_SLEEP));
            }
            self.due.add_permits(1);
        }
        self.due.add_permits(self.schedule.connections());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
