//! What a reply says about its handler.

/// What a reply says about its handler: which instance served the request, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The instance's name.
    pub instance: String,
    /// The endpoint's name, such as `e1-p1`.
    pub endpoint: String,
    /// The handler's style, such as `async-awaiting`.
    pub style: String,
    /// The number of requests that the instance had taken, this request included.
    pub served: u32,
    /// The time when the request entered the handler, in nanoseconds by the server's clock.
    pub entered_ns: u64,
    /// The time when the request left the handler, in nanoseconds by the server's clock.
    pub left_ns: u64,
    /// The burst's start, in nanoseconds by the generator's clock.
    pub start_ns: u64,
    /// The server's machine; `None` if the reply doesn't name it.
    pub host: Option<String>,
}

impl Evidence {
    /// Returns the times when the request entered and left the handler, in microseconds from the burst's start. They
    /// are only valid if server and generator share a clock.
    pub fn interval_us(&self) -> (f64, f64) {
        let since_start = |at: u64| (at as i128 - self.start_ns as i128) as f64 / 1e3;
        (since_start(self.entered_ns), since_start(self.left_ns))
    }
}
