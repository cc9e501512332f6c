//! The times of a request, checked and in order.

use crate::document::{Burst, Request};

/// The latest time of a chart: a year, in microseconds.
const MAX_US: f64 = 366.0 * 24.0 * 3600.0 * 1e6;

/// Returns the end of a burst's charts: the end of its last request, in microseconds from the burst's start.
pub fn end_us(burst: &Burst) -> f64 {
    burst.requests.iter().map(|request| Span::new(request).done_us).fold(0.0, f64::max)
}

/// The times of a request in microseconds from the burst's start. They are finite, at least 0, and in order, whatever
/// the document says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The send.
    pub sent_us: f64,
    /// The answer's first byte; the end if there was none.
    pub first_byte_us: f64,
    /// The end.
    pub done_us: f64,
    /// The entry into the handler and the exit, if known.
    pub handler_us: Option<(f64, f64)>,
}

impl Span {
    pub fn new(request: &Request) -> Self {
        let bounded = |us: f64| if us.is_finite() { us.clamp(0.0, MAX_US) } else { 0.0 };
        let done_us = bounded(request.done_us);
        let sent_us = request.sent_us.map_or(done_us, bounded).min(done_us);
        let within = |us: f64| bounded(us).clamp(sent_us, done_us);
        let handler_us = request.entered_us.zip(request.left_us);
        Self {
            sent_us,
            first_byte_us: request.first_byte_us.map_or(done_us, within),
            done_us,
            handler_us: handler_us
                .map(|(entered, left)| (within(entered), within(left).max(within(entered)))),
        }
    }
}
