//! Connects, waits at a barrier, releases, records. One request path; what differs is the schedule.

mod connection;
pub mod descriptors;
mod generator;
mod lane;
mod stamps;
mod target;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use target::Target;

use crate::schedule::Schedule;
use crate::trace::{Generator, Row};
use generator::Watch;
use lane::Lane;

/// How many connections are opened at a time, so that opening them doesn't overflow the server's
/// accept queue, which may be as short as 5: a dropped SYN costs a second.
const CONNECTING_AT_A_TIME: usize = 4;

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

/// A handle on a burst that runs: how far it is, and a way to end it.
#[derive(Debug, Clone, Default)]
pub struct Firing {
    answered: Arc<AtomicUsize>,
    stopped: CancellationToken,
}

impl Firing {
    /// How many requests have ended so far.
    pub fn answered(&self) -> usize {
        self.answered.load(Relaxed)
    }

    /// Ends the burst: no further request is sent, and those in flight are given up.
    pub fn stop(&self) {
        self.stopped.cancel();
    }
}

/// Fires `shots` together: they share the barrier.
pub async fn fire(shots: &[Shot], firing: &Firing) -> Fired {
    let (release, released) = watch::channel(None);
    let barrier = Barrier {
        connecting: Arc::new(Semaphore::new(CONNECTING_AT_A_TIME)),
        ready: Arc::new(Semaphore::new(0)),
        released,
    };
    let mut lanes = JoinSet::new();
    for (index, shot) in shots.iter().enumerate() {
        let next = Arc::new(AtomicUsize::new(shot.schedule.connections()));
        for lane in 0..shot.schedule.connections() {
            let lane = Lane { index: lane, shot: shot.clone(), next: next.clone(), firing: firing.clone() };
            let barrier = barrier.clone();
            lanes.spawn(async move { (index, lane.run(barrier).await) });
        }
    }
    // Every lane adds one when it is connected, or has failed to.
    let _all = barrier.ready.acquire_many(u32::try_from(lanes.len()).unwrap_or(u32::MAX)).await;
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

/// Where the lanes wait until all are connected.
#[derive(Clone)]
struct Barrier {
    connecting: Arc<Semaphore>,
    ready: Arc<Semaphore>,
    released: watch::Receiver<Option<Start>>,
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

    fn elapsed_us(self) -> f64 {
        self.instant.elapsed().as_secs_f64() * 1e6
    }
}
