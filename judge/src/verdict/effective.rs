//! How many requests were served at a time, by time alone.

use crate::trace::Trace;

/// The effective concurrency E: n s over the time in which any request was on its way, where n requests were
/// answered and one alone takes s. Above 0, and never more than the connections. `None` where nothing was
/// answered, or no time is known.
///
/// By Little's law (Operations Research 9, 1961) that is how many were in service on average, while any were.
pub fn effective_concurrency(trace: &Trace) -> Option<f64> {
    let busy_us = busy_us(trace);
    let work_us = trace.answered().count() as f64 * trace.service_ms * 1e3;
    (busy_us > 0.0 && work_us > 0.0).then(|| (work_us / busy_us).min(trace.schedule.connections() as f64))
}

/// For how long at least one request that was answered well was on its way, in microseconds.
fn busy_us(trace: &Trace) -> f64 {
    let mut ways: Vec<(f64, f64)> =
        trace.answered().map(|row| (row.sent_us.unwrap_or(0.0), row.done_us)).collect();
    ways.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut busy, mut until) = (0.0, f64::NEG_INFINITY);
    for (sent, done) in ways {
        busy += (done - sent.max(until)).max(0.0);
        until = until.max(done);
    }
    busy
}
