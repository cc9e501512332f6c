//! Limits that keep one client, guest or burst from harming the others. Each has a flag.

use std::time::Duration;

use crate::byte_size::ByteSize;

/// The values of the flags that `loadtest serve` has beyond Spin's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of instances at once. `None`: derived from the machine.
    pub max_instances: Option<usize>,
    /// The maximum number of requests that wait for an instance. `None`: the maximum number of connections.
    pub max_waiting: Option<usize>,
    /// How long a request may wait for an instance.
    pub queue_timeout: Duration,
    /// The maximum size of an instance's linear memory.
    pub max_instance_memory: ByteSize,
    /// How long a guest computes before it yields to other tasks. `None`: a guest is never interrupted.
    pub time_slice: Option<Duration>,
    /// The time from the first byte of a request's header to its last.
    pub header_timeout: Duration,
    /// How long a connection may be open without a request.
    pub idle_timeout: Duration,
    /// How long a client may neither send the next part of a request body nor read the next part of a response body.
    pub body_timeout: Duration,
    /// The maximum number of requests at once on a connection of HTTP/2. Further ones wait in the client.
    pub max_concurrent_streams: u32,
    /// The maximum size of a request's header.
    pub max_header_size: ByteSize,
    /// The maximum size of a request's body.
    pub max_body_size: ByteSize,
    /// The maximum size of the file of the key-value store, and of that of the database.
    pub max_store_size: ByteSize,
    /// How long requests in flight may take after the host was told to stop.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_instances: None,
            max_waiting: None,
            queue_timeout: Duration::from_secs(60),
            max_instance_memory: ByteSize::mib(256),
            time_slice: Some(Duration::from_millis(1)),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(60),
            max_concurrent_streams: 256,
            max_header_size: ByteSize::kib(64),
            max_body_size: ByteSize::mib(1024),
            max_store_size: ByteSize::mib(1024),
            drain_timeout: Duration::from_secs(30),
        }
    }
}
