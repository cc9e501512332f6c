//! Fires bursts: starts their workers, releases them at the barrier, and collects their records.

use std::collections::HashMap;
use std::sync::Arc;

use judge::trace::Row;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::barrier::Barrier;
use super::burst::{BurstRecord, BurstSpec, Recording};
use super::clock::StartTime;
use super::connection::Connection;
use super::handle::BurstHandle;
use super::held_stream;
use super::http2::Pool;
use super::monitor::Monitor;
use super::queue::RequestQueue;
use super::worker::Worker;

/// What the workers of one burst share.
struct Shared {
    queue: Arc<RequestQueue>,
    pool: Arc<Pool>,
}

/// Fires the bursts together: they share the barrier.
pub async fn fire(specs: &[BurstSpec], handle: &BurstHandle) -> Recording {
    let barrier = Barrier::new();
    let mut shared = Vec::new();
    for spec in specs {
        let queue = RequestQueue::new(spec.schedule, spec.request.first_bytes().await);
        shared.push(Shared { queue: Arc::new(queue), pool: Arc::default() });
    }
    let workers = start_workers(specs, &shared, &barrier, handle);
    barrier.wait_for(workers.len()).await;
    let monitor = Monitor::start();
    let released = release(specs, &shared, handle).await;
    let rows = collect(workers, specs.len()).await;
    let bursts = specs.iter().zip(&shared).zip(rows).map(|((spec, shared), rows)| BurstRecord {
        rows,
        beyond: shared.queue.take_counts(),
        unsent: if handle.stopped().is_cancelled() { 0 } else { shared.queue.unsent() },
        http2: shared.pool.usage(),
        bad_answer: shared.queue.bad_answer().get().cloned(),
        start_ns: released.after(spec.schedule.delay).unix_ns,
    });
    Recording { bursts: bursts.collect(), generator: monitor.stop().await }
}

fn start_workers(
    specs: &[BurstSpec],
    shared: &[Shared],
    barrier: &Barrier,
    handle: &BurstHandle,
) -> JoinSet<(usize, Vec<Row>)> {
    let mut workers = JoinSet::new();
    let mut reused = ReusedConnections::of(specs);
    for (burst, (spec, shared)) in specs.iter().zip(shared).enumerate() {
        let spec = Arc::new(spec.clone());
        for place in 0..spec.schedule.connections() {
            let worker = Worker {
                spec: spec.clone(),
                burst,
                queue: shared.queue.clone(),
                pool: shared.pool.clone(),
                handle: handle.clone(),
                takes: reused.receivers.remove(&(burst, place)),
                hands_on: reused.senders.remove(&(burst, place)),
            };
            let barrier = barrier.clone();
            workers.spawn(async move { (burst, worker.run(barrier).await) });
        }
    }
    workers
}

/// The channels by which a worker passes its connection on to a worker of a later burst, by burst and place.
#[derive(Default)]
struct ReusedConnections {
    receivers: HashMap<(usize, usize), oneshot::Receiver<Box<Connection>>>,
    senders: HashMap<(usize, usize), oneshot::Sender<Box<Connection>>>,
}

impl ReusedConnections {
    fn of(specs: &[BurstSpec]) -> Self {
        let mut reused = Self::default();
        for (burst, spec) in specs.iter().enumerate() {
            let Some(from) = spec.connections_of else { continue };
            for place in 0..spec.schedule.connections() {
                let (sender, receiver) = oneshot::channel();
                reused.receivers.insert((burst, place), receiver);
                reused.senders.insert((from, place), sender);
            }
        }
        reused
    }
}

/// Releases all bursts, at the handle's start time if it has one. Returns the moment of release.
async fn release(specs: &[BurstSpec], shared: &[Shared], handle: &BurstHandle) -> StartTime {
    let released = match handle.start_at() {
        Some(at) => StartTime::wait_until(at, handle.stopped()).await,
        None => StartTime::now(),
    };
    // Held requests are written first, because nothing else may delay them. Then the queues wake workers for the rest.
    let streams: Vec<_> = shared.iter().flat_map(|shared| shared.queue.take_held_streams()).collect();
    shared.iter().for_each(|shared| shared.queue.start(released));
    if !handle.stopped().is_cancelled() {
        held_stream::release_all(&streams);
    }
    handle.grids().iter().for_each(|grid| grid.release());
    // Each clone would keep its socket open after the worker has dropped the connection.
    drop(streams);
    for (spec, shared) in specs.iter().zip(shared) {
        shared.queue.release(spec.timeout, handle.stopped());
    }
    released
}

/// The rows of each burst, in the order of `i`.
async fn collect(mut workers: JoinSet<(usize, Vec<Row>)>, bursts: usize) -> Vec<Vec<Row>> {
    let mut all = vec![Vec::new(); bursts];
    while let Some(joined) = workers.join_next().await {
        if let Ok((burst, rows)) = joined {
            all[burst].extend(rows);
        }
    }
    all.iter_mut().for_each(|rows| rows.sort_by_key(|row: &Row| row.i));
    all
}
