//! Connects, waits at a barrier, releases, records. One request path; what differs is the schedule.

mod board;
mod connection;
mod dial;
mod gate;
mod http2;
mod lane;
mod proxy;
mod queue;
mod stamps;
mod target;
mod tls;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use board::{Board, State};
pub use target::{Target, Via, Way};
pub use tls::Trust;

use judge::aggregate::Aggregate;
use judge::schedule::Schedule;
use judge::trace::{Generator, Http2, Row};

use board::Light;
use lane::Lane;
use queue::Queue;
use watch::Watch;

/// How many connections are opened at a time, so that opening them doesn't overflow the server's
/// accept queue, which may be as short as 5: a dropped SYN costs a second.
const CONNECTING_AT_A_TIME: usize = 4;

/// The runtime's timers are good to so much.
const TIMER: Duration = Duration::from_millis(2);

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
    /// For each shot.
    pub volleys: Vec<Volley>,
    /// How the load generator itself fared.
    pub generator: Generator,
}

/// What came of a shot.
#[derive(Debug, Clone, Default)]
pub struct Volley {
    /// The requests that are kept one by one, in the order of `i`.
    pub rows: Vec<Row>,
    /// Those beyond, counted.
    pub beyond: Aggregate,
    /// How many were due before the burst's end and found no connection until then.
    pub unsent: usize,
    /// How HTTP/2 was used, where it was.
    pub http2: Option<Http2>,
    /// When it started, in nanoseconds of this machine's clock.
    pub start_ns: u64,
}

/// A handle on a burst that runs: how far it is, and a way to end it.
#[derive(Debug, Clone, Default)]
pub struct Firing {
    answered: Arc<AtomicUsize>,
    /// One for each shot; none where nobody watches.
    boards: Arc<[Arc<Board>]>,
    stopped: CancellationToken,
    start_at: Option<SystemTime>,
}

impl Firing {
    /// The same, but released at a moment of this machine's clock that others may share; when that is past, at once.
    pub fn at(self, start_at: Option<SystemTime>) -> Self {
        Self { start_at, ..self }
    }

    /// One that somebody watches; for each shot, how many requests it has.
    pub fn watched(requests: impl Iterator<Item = usize>) -> Self {
        Self { boards: requests.map(|count| Arc::new(Board::new(count))).collect(), ..Self::default() }
    }

    /// Where the requests of each shot are.
    pub fn boards(&self) -> &[Arc<Board>] {
        &self.boards
    }

    /// A request's place on the board of its shot.
    fn light(&self, shot: usize, i: usize) -> Light<'_> {
        self.boards.get(shot).map_or(Light::default(), |board| Light::of(board, i))
    }

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
    let barrier = Barrier {
        connecting: Arc::new(Semaphore::new(CONNECTING_AT_A_TIME)),
        ready: Arc::new(Semaphore::new(0)),
    };
    let queues: Vec<_> = shots.iter().map(|shot| Arc::new(Queue::new(shot.schedule))).collect();
    let pools: Vec<_> = shots.iter().map(|_| Arc::new(http2::Pool::default())).collect();
    let mut lanes = JoinSet::new();
    for (index, (shot, queue)) in shots.iter().zip(&queues).enumerate() {
        for _ in 0..shot.schedule.connections() {
            let (queue, pool) = (queue.clone(), pools[index].clone());
            let lane = Lane { shot: shot.clone(), index, queue, pool, firing: firing.clone() };
            let barrier = barrier.clone();
            lanes.spawn(async move { (index, lane.run(barrier).await) });
        }
    }
    // Every lane adds one when it is connected, or has failed to.
    let _all = barrier.ready.acquire_many(u32::try_from(lanes.len()).unwrap_or(u32::MAX)).await;
    let watch = Watch::start();
    let released = match firing.start_at {
        Some(at) => Start::wait_for(at, &firing.stopped).await,
        None => Start::now(),
    };
    // What can go at once goes first; the rest is woken for.
    let gates: Vec<_> = queues.iter().flat_map(|queue| queue.gates()).collect();
    queues.iter().for_each(|queue| queue.start(released));
    if !firing.stopped.is_cancelled() {
        gate::open_all(&gates);
    }
    firing.boards.iter().for_each(|board| board.release());
    // Each would keep its socket open.
    drop(gates);
    for (queue, shot) in queues.iter().zip(shots) {
        queue.release(shot.timeout, &firing.stopped);
    }

    let mut volleys = vec![Volley::default(); shots.len()];
    while let Some(joined) = lanes.join_next().await {
        if let Ok((index, lane)) = joined {
            volleys[index].rows.extend(lane);
        }
    }
    for (((volley, queue), pool), shot) in volleys.iter_mut().zip(&queues).zip(&pools).zip(shots) {
        volley.start_ns = released.after(shot.schedule.delay).unix_ns;
        volley.http2 = pool.used();
        volley.rows.sort_by_key(|row| row.i);
        volley.beyond = queue.counted();
        volley.unsent = if firing.stopped.is_cancelled() { 0 } else { queue.unsent() };
    }
    Fired { volleys, generator: watch.stop().await }
}

fn unix_ns(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// Where the lanes wait until all are connected.
#[derive(Clone)]
struct Barrier {
    connecting: Arc<Semaphore>,
    ready: Arc<Semaphore>,
}

/// The moment of release, by both clocks.
#[derive(Debug, Clone, Copy)]
struct Start {
    instant: Instant,
    unix_ns: u64,
}

impl Start {
    fn now() -> Self {
        Self { instant: Instant::now(), unix_ns: unix_ns(SystemTime::now()) }
    }

    /// That of a moment that may be shared with others: who is late for it, is late by its plan.
    async fn wait_for(at: SystemTime, stopped: &CancellationToken) -> Self {
        let left = || at.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(left().saturating_sub(TIMER)) => std::thread::sleep(left().min(TIMER)),
            () = stopped.cancelled() => {}
        }
        let now = Self::now();
        match Duration::from_nanos(now.unix_ns.saturating_sub(unix_ns(at))) {
            late if left().is_zero() => {
                Self { instant: now.instant.checked_sub(late).unwrap_or(now.instant), unix_ns: unix_ns(at) }
            }
            // It was ended before.
            _ => now,
        }
    }

    fn after(self, delay: Duration) -> Self {
        Self { instant: self.instant + delay, unix_ns: self.unix_ns + delay.as_nanos() as u64 }
    }

    /// A time in microseconds from this one; below 0 where it was before.
    fn us(self, at: Instant) -> f64 {
        match at.checked_duration_since(self.instant) {
            Some(after) => after.as_secs_f64() * 1e6,
            None => self.instant.duration_since(at).as_secs_f64() * -1e6,
        }
    }

    fn elapsed_us(self) -> f64 {
        self.us(Instant::now())
    }
}
