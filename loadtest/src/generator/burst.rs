//! A burst to fire, and its record.

use std::sync::Arc;
use std::time::Duration;

use judge::aggregate::Aggregate;
use judge::schedule::Schedule;
use judge::trace::{Generator, Http2, Row};

use super::bad_answer::BadAnswer;
use super::request::RequestTemplate;

/// A burst to fire.
#[derive(Debug, Clone)]
pub struct BurstSpec {
    /// The request, and its destination.
    pub request: Arc<RequestTemplate>,
    /// The times of the requests.
    pub schedule: Schedule,
    /// The limit for each request; `None` for no limit.
    pub timeout: Option<Duration>,
    /// The index of an earlier burst, fired together with this burst, whose connections this burst reuses: each connection as
    /// soon as the earlier burst has no further request for it. `None`: this burst opens connections of its own.
    pub connections_of: Option<usize>,
    /// Whether each connection is opened when its first request is due, and not before the release: a server that takes one
    /// connection at a time must not wait for a request that comes later.
    pub opens_when_due: bool,
}

impl BurstSpec {
    /// A burst over connections of its own, which are open before the release.
    pub fn new(request: Arc<RequestTemplate>, schedule: Schedule, timeout: Option<Duration>) -> Self {
        Self { request, schedule, timeout, connections_of: None, opens_when_due: false }
    }
}

/// The record of bursts that were fired together.
#[derive(Debug, Clone)]
pub struct Recording {
    /// One for each burst, in the order of the specs.
    pub bursts: Vec<BurstRecord>,
    /// The load of the generator itself.
    pub generator: Generator,
}

/// The record of one burst.
#[derive(Debug, Clone, Default)]
pub struct BurstRecord {
    /// The requests that are kept one by one, in the order of `i`.
    pub rows: Vec<Row>,
    /// The counts of the other requests.
    pub beyond: Aggregate,
    /// The number of requests that were due before the burst's end and found no free connection.
    pub unsent: usize,
    /// The use of HTTP/2; `None` over HTTP/1.1.
    pub http2: Option<Http2>,
    /// An answer without a good status; the first that came.
    pub bad_answer: Option<BadAnswer>,
    /// The burst's start, in nanoseconds since 1970.
    pub start_ns: u64,
}
