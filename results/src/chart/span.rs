//! The times of a request, checked and in order.

use crate::chart::inferred::service_us;
use crate::document::{Burst, Request};

/// The latest time of a chart: a year, in microseconds.
const MAX_US: f64 = 366.0 * 24.0 * 3600.0 * 1e6;

/// Returns the end of a burst's charts: the end of its last request, in microseconds from the burst's start.
pub fn end_us(burst: &Burst) -> f64 {
    burst.requests.iter().map(|request| Span::new(request).done_us).fold(0.0, f64::max)
}

/// Returns the spans of a burst's requests, with the inferred service times, in the order of `burst.requests`.
pub fn spans(burst: &Burst) -> Vec<Span> {
    let service_us = service_us(burst);
    burst.requests.iter().map(|request| Span::new(request).with_service(service_us)).collect()
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
    /// The start and the end of the service, as the model infers them; `None` for a failed request.
    pub inferred_us: Option<(f64, f64)>,
    /// Whether the request has a complete answer with a good status.
    pub is_good: bool,
}

impl Span {
    fn new(request: &Request) -> Self {
        let bounded = |us: f64| if us.is_finite() { us.clamp(0.0, MAX_US) } else { 0.0 };
        let done_us = bounded(request.done_us);
        let sent_us = request.sent_us.map_or(done_us, bounded).min(done_us);
        let within = |us: f64| bounded(us).clamp(sent_us, done_us);
        let handler_us = request.entered_us.zip(request.left_us);
        let is_good = |status: u16| request.good.unwrap_or((200..300).contains(&status));
        Self {
            sent_us,
            first_byte_us: request.first_byte_us.map_or(done_us, within),
            done_us,
            handler_us: handler_us
                .map(|(entered, left)| (within(entered), within(left).max(within(entered)))),
            inferred_us: None,
            is_good: request.error.is_none() && request.status.is_some_and(is_good),
        }
    }

    /// Adds the inferred service: the last `service_us` before the end, at most the whole latency.
    fn with_service(self, service_us: Option<f64>) -> Self {
        let stay = |service_us: f64| ((self.done_us - service_us).max(self.sent_us), self.done_us);
        Self { inferred_us: service_us.filter(|_| self.is_good).map(stay), ..self }
    }
}
