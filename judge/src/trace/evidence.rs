//! What a reply says about its handler.

/// What a reply says about its handler: which instance served the request, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The instance's name.
    pub instance: String,
    /// The endpoint's name, such as `e1-p1`.
    pub endpoint: String,
    /// The handler's style, such as `async-awaiting`; empty if unknown.
    pub style: String,
    /// The number of requests that the instance had taken, this request included; `None` if unknown.
    pub served: Option<u32>,
    /// When the request was in its handler; `None` if unknown.
    pub stay: Option<Stay>,
    /// The burst's start, in nanoseconds by the generator's clock.
    pub start_ns: u64,
    /// The server's machine; `None` if the reply doesn't name it.
    pub host: Option<String>,
}

/// A request's time in its handler, in nanoseconds by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stay {
    /// The time when the request entered the handler.
    pub entered_ns: u64,
    /// The time when the request left the handler.
    pub left_ns: u64,
}

impl Evidence {
    /// Returns the times when the request entered and left the handler, in microseconds from the burst's start; `None` if
    /// they are unknown. They are only valid if server and generator share a clock.
    pub fn interval_us(&self) -> Option<(f64, f64)> {
        let since_start = |at: u64| (at as i128 - self.start_ns as i128) as f64 / 1e3;
        self.stay.map(|stay| (since_start(stay.entered_ns), since_start(stay.left_ns)))
    }
}
