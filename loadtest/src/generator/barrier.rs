//! The point where the workers wait until all of them are connected.

use std::sync::Arc;

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// The number of connections that are opened at a time. An accept queue may hold only 5 connections; if it
/// overflows, the kernel drops a SYN, which costs a second.
const CONCURRENT_CONNECTS: usize = 4;

#[derive(Clone)]
pub struct Barrier {
    connecting: Arc<Semaphore>,
    ready: Arc<Semaphore>,
}

impl Barrier {
    pub fn new() -> Self {
        Self { connecting: Arc::new(Semaphore::new(CONCURRENT_CONNECTS)), ready: Arc::new(Semaphore::new(0)) }
    }

    /// Waits for the permit to open a connection.
    pub async fn connect_permit(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.connecting.acquire().await
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
