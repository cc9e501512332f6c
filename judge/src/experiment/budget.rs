//! What the caller is able to send, and what it may cost.

use std::time::Duration;

/// What the caller is able to send, beside requests to the endpoint over HTTP/1.1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Abilities {
    /// A second URL of another duration: how long one request alone takes there.
    pub also: Option<Duration>,
    /// Requests with another session's header, such as its cookie.
    pub other_header: bool,
    /// All requests over one HTTP/2 connection.
    pub http2: bool,
}

/// What experiments may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The most requests.
    pub max_requests: usize,
    /// The longest time.
    pub max_time: Duration,
}

/// What was spent so far, with the requests alone before the first experiment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// The number of requests.
    pub requests: usize,
    /// The time.
    pub time: Duration,
}

/// What is left of the budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub(super) requests: usize,
    pub(super) seconds: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { max_requests: 500, max_time: Duration::from_secs(60) }
    }
}
