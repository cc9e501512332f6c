//! The point where the workers wait until all of them are connected.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// The number of connections that are opened at a time. An accept queue may hold only 5 connections; if it
/// overflows, the kernel drops a SYN, which costs a second.
const CONCURRENT_CONNECTS: usize = 4;

#[derive(Clone)]
pub struct Barrier {
    connecting: Arc<Semaphore>,
    ready: Arc<Semaphore>,
    /// When the last connect succeeded, or the first began.
    last_connect: Arc<Mutex<Instant>>,
}

impl Barrier {
    pub fn new() -> Self {
        Self {
            connecting: Arc::new(Semaphore::new(CONCURRENT_CONNECTS)),
            ready: Arc::new(Semaphore::new(0)),
            last_connect: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Waits for the permit to open a connection. `None` if no connect has succeeded for `patience`: the server accepts no more,
    /// and the others in the queue would each wait for their own limit.
    pub async fn connect_permit(&self, patience: Duration) -> Option<SemaphorePermit<'_>> {
        loop {
            let give_up = self.last_connect() + patience;
            match timeout_at(give_up, self.connecting.acquire()).await {
                Ok(permit) => return permit.ok(),
                // Another connect has succeeded meanwhile: the time begins anew.
                Err(_) if self.last_connect() + patience > give_up => {}
                Err(_) => return None,
            }
        }
    }

    /// Called after each successful connect.
    pub fn connected(&self) {
        *self.last_connect.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last_connect(&self) -> Instant {
        *self.last_connect.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called once by each worker: it is connected, or it failed to connect.
    pub fn arrive(&self) {
        self.ready.add_permits(1);
    }

    /// Waits until so many workers have arrived.
    pub async fn wait_for(&self, workers: usize) {
        let _arrived = self.ready.acquire_many(u32::try_from(workers).unwrap_or(u32::MAX)).await;
    }
}
