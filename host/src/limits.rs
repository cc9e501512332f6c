//! The bounds that keep one client, guest or burst from harming the others. Each has a flag.

use std::time::Duration;

use crate::bytes::Bytes;

/// What the flags of `loadtest serve` beyond Spin's say.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many instances there may be at once; worked out from the machine where it is left out.
    pub max_instances: Option<usize>,
    /// How many requests may wait for an instance; as many as there may be connections where it is left out.
    pub max_waiting: Option<usize>,
    /// How long a request may wait for an instance.
    pub queue_timeout: Duration,
    /// How much linear memory an instance may have.
    pub max_instance_memory: Bytes,
    /// How long a guest computes before the next one has its turn; `None` lets it finish.
    pub time_slice: Option<Duration>,
    /// How soon a request's header must be complete after its first byte.
    pub header_timeout: Duration,
    /// How long a connection may be open without a request.
    pub idle_timeout: Duration,
    /// How long a client may send or take nothing of a body that is under way.
    pub body_timeout: Duration,
    /// How large a request's header may be.
    pub max_header_size: Bytes,
    /// How large a request's body may be.
    pub max_body_size: Bytes,
    /// How long requests in flight may take once the host is told to stop.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_instances: None,
            max_waiting: None,
            queue_timeout: Duration::from_secs(60),
            max_instance_memory: Bytes::mib(256),
            time_slice: Some(Duration::from_millis(2)),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(60),
            max_header_size: Bytes::kib(64),
            max_body_size: Bytes::mib(1024),
            drain_timeout: Duration::from_secs(30),
        }
    }
}
