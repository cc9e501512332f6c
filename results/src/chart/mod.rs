//! A burst as a drawing: what bars there are, and how many requests were under way when. No I/O, and no format.

mod bars;
mod concurrency;
pub mod figure;
pub mod plot;
pub mod timeline;

pub use bars::{Bar, bars};
pub use concurrency::{Concurrency, concurrency};

use crate::document::{Burst, Request};

/// When the drawing ends: with the last request, in microseconds from the burst's start.
pub fn end_us(burst: &Burst) -> f64 {
    burst.requests.iter().map(|request| Span::of(request).done_us).fold(0.0, f64::max)
}

/// A request's times, in order whatever the file said: microseconds from the burst's start, finite, none
/// before 0 or before the one that it follows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    sent_us: f64,
    first_byte_us: f64,
    done_us: f64,
    inside_us: Option<(f64, f64)>,
}

impl Span {
    fn of(request: &Request) -> Self {
        let clean = |us: f64| if us.is_finite() { us.clamp(0.0, LATEST_US) } else { 0.0 };
        let done_us = clean(request.done_us);
        let sent_us = request.sent_us.map_or(done_us, clean).min(done_us);
        let within = |us: f64| clean(us).clamp(sent_us, done_us);
        let inside_us = request.entered_us.zip(request.left_us);
        Self {
            sent_us,
            first_byte_us: request.first_byte_us.map_or(done_us, within),
            done_us,
            inside_us: inside_us.map(|(entered, left)| (within(entered), within(left).max(within(entered)))),
        }
    }
}

/// No burst takes a year; beyond it a number is none.
const LATEST_US: f64 = 366.0 * 24.0 * 3600.0 * 1e6;
