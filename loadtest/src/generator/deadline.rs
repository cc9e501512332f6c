//! The time by which a connection must be open: its socket, its tunnel, TLS and HTTP/2's settings together.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

/// The end of the time for opening a connection.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    limit: Option<Duration>,
    /// `None` if there is no limit, or none that any clock would reach.
    at: Option<Instant>,
}

/// The time for a step was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// The time that it had.
    pub within: Duration,
}

impl Deadline {
    /// A deadline so long from now; `None` for no limit.
    pub fn after(limit: Option<Duration>) -> Self {
        Self { limit, at: limit.and_then(|limit| Instant::now().checked_add(limit)) }
    }

    /// Does a step, until the deadline.
    pub async fn limit<T>(&self, step: impl Future<Output = T>) -> Result<T, Late> {
        let Some(at) = self.at else { return Ok(step.await) };
        timeout_at(at, step).await.map_err(|_| Late { within: self.limit.unwrap_or_default() })
    }

    /// Does a step, until the deadline, but at most for `longest`.
    pub async fn limit_to<T>(&self, longest: Duration, step: impl Future<Output = T>) -> Result<T, Late> {
        match self.limit(timeout(longest, step)).await? {
            Ok(done) => Ok(done),
            Err(_) => Err(Late { within: longest }),
        }
    }
}

impl Late {
    /// The time in seconds, as a user gives it.
    pub fn seconds(self) -> f64 {
        self.within.as_secs_f64()
    }
}
