//! The time slices of all guests.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::Semaphore;

pub struct Slices {
    /// The number of slices since the start.
    pub begun: AtomicU64,
    /// One turn for each thread of the runtime: so many guests compute at once after their first slices. The others leave
    /// no task in the runtime's queues, so that a task that wakes waits for one slice at most.
    pub turns: Arc<Semaphore>,
}

impl Slices {
    pub fn new(turns: usize) -> Arc<Self> {
        Arc::new(Self { begun: AtomicU64::new(0), turns: Arc::new(Semaphore::new(turns)) })
    }
}
