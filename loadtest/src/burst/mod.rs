//! Connects, waits at a barrier, releases, records. One request path; what differs is the schedule.

mod connection;
mod generator;
mod stamps;
mod target;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use target::Target;

use crate::trace::{Generator, Outcome, Row};
use connection::Connection;
use generator::Watch;

/// How many connections are opened at a time, so that opening them doesn't overflow the server's
/// accept queue: a dropped SYN costs a second.
const CONNECTING_AT_A_TIME: usize = 64;

/// When the requests of a burst are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How many requests are sent.
    pub n: usize,
    /// Over how many connections. Where `n` is greater, each sends its next when the last is answered.
    pub c: usize,
    /// How long after the barrier's release the burst starts.
    pub delay: Duration,
    /// How far apart the first `c` sends are.
    pub spacing: Duration,
}

impl Schedule {
    /// `n` requests, all at once.
    pub fn together(n: usize) -> Self {
        Self { n, c: n, delay: Duration::ZERO, spacing: Duration::ZERO }
    }

    /// How many connections are opened: never more than there are requests.
    pub fn connections(&self) -> usize {
        self.c.min(self.n)
    }
}

/// A burst to fire.
#[derive(Debug, Clone)]
pub struct Shot {
    /// At whom.
    pub target: Arc<Target>,
    /// When.
    pub schedule: Schedule,
    /// How long a request may take; no limit where it is left out.
    pub timeout: Option<Duration>,
}

/// What came of a burst.
#[derive(Debug, Clone)]
pub struct Fired {
    /// For each shot its requests, in the order of `i`.
    pub rows: Vec<Vec<Row>>,
    /// How the load generator itself fared.
    pub generator: Generator,
}

/// Counts answers while a burst runs, for a line of progress.
pub type Answered = Arc<AtomicUsize>;

/// Fires `shots` together: they share the barrier.
pub async fn fire(shots: &[Shot], answered: &Answered) -> Fired {
    let (release, released) = watch::channel(None);
    let connecting = Arc::new(Semaphore::new(CONNECTING_AT_A_TIME));
    let ready = Arc::new(Semaphore::new(0));
    let mut lanes = JoinSet::new();
    for (index, shot) in shots.iter().enumerate() {
        let next = Arc::new(AtomicUsize::new(shot.schedule.connections()));
        for lane in 0..shot.schedule.connections() {
            let lane = Lane {
                index: lane,
                shot: shot.clone(),
                next: next.clone(),
                released: released.clone(),
                answered: answered.clone(),
            };
            let (connecting, ready) = (connecting.clone(), ready.clone());
            lanes.spawn(async move { (index, lane.run(connecting, ready).await) });
        }
    }
    // Every lane adds one when it is connected, or has failed to.
    let _all = ready.acquire_many(u32::try_from(lanes.len()).unwrap_or(u32::MAX)).await;
    let watch = Watch::start();
    release.send_replace(Some(Start::now()));

    let mut rows = vec![Vec::new(); shots.len()];
    while let Some(joined) = lanes.join_next().await {
        if let Ok((index, lane)) = joined {
            rows[index].extend(lane);
        }
    }
    for rows in &mut rows {
        rows.sort_by_key(|row| row.i);
    }
    Fired { rows, generator: watch.stop() }
}

/// The moment of release, by both clocks.
#[derive(Debug, Clone, Copy)]
struct Start {
    instant: Instant,
    unix_ns: u64,
}

impl Start {
    fn now() -> Self {
        let unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        Self { instant: Instant::now(), unix_ns }
    }

    fn after(self, delay: Duration) -> Self {
        Self { instant: self.instant + delay, unix_ns: self.unix_ns + delay.as_nanos() as u64 }
    }
}

/// A connection and the requests that it carries, one after the other.
struct Lane {
    index: usize,
    shot: Shot,
    /// The number of the next request that nobody has taken yet.
    next: Arc<AtomicUsize>,
    released: watch::Receiver<Option<Start>>,
    answered: Answered,
}

impl Lane {
    async fn run(mut self, connecting: Arc<Semaphore>, ready: Arc<Semaphore>) -> Vec<Row> {
        let mut connection = {
            let _turn = connecting.acquire().await;
            Connection::open(&self.shot).await
        };
        ready.add_permits(1);
        let Ok(released) = self.released.wait_for(Option::is_some).await.map(|start| *start) else {
            return Vec::new(); // the burst was given up
        };
        let Some(start) = released.map(|start| start.after(self.shot.schedule.delay)) else {
            return Vec::new();
        };
        let planned = self.shot.schedule.spacing * u32::try_from(self.index).unwrap_or(u32::MAX);
        wait_until(start.instant + planned).await;

        let mut rows = Vec::new();
        let mut i = self.index;
        let mut planned_us = Some(planned.as_secs_f64() * 1e6);
        loop {
            let mut row = Row { i, planned_us: planned_us.take(), ..Row::default() };
            connection = self.request(connection, start, &mut row).await;
            self.answered.fetch_add(1, Relaxed);
            let refused = connection.is_err();
            rows.push(row);
            i = self.next.fetch_add(1, Relaxed);
            // A lane that can't connect leaves its share to the others, lest it burn through it.
            if refused || i >= self.shot.schedule.n {
                return rows;
            }
        }
    }

    /// Sends one request, and gives back a connection for the next.
    async fn request(
        &self,
        connection: Result<Connection, Outcome>,
        start: Start,
        row: &mut Row,
    ) -> Result<Connection, Outcome> {
        // A server may close after any answer; opening anew is not the request's time.
        let connection = match connection {
            Ok(connection) if !connection.is_open() => Connection::open(&self.shot).await,
            other => other,
        };
        match connection {
            Ok(mut connection) => {
                connection.exchange(&self.shot, start, row).await;
                Ok(connection)
            }
            Err(outcome) => {
                row.done_us = start.instant.elapsed().as_secs_f64() * 1e6;
                row.outcome = outcome.clone();
                Err(outcome)
            }
        }
    }
}

/// The runtime's timer is good to a millisecond; the rest of the way is yielded away.
async fn wait_until(at: Instant) {
    const COARSE: Duration = Duration::from_millis(2);
    if let Some(coarse) = at.checked_sub(COARSE).filter(|coarse| *coarse > Instant::now()) {
        tokio::time::sleep_until(coarse.into()).await;
    }
    while Instant::now() < at {
        tokio::task::yield_now().await;
    }
}
