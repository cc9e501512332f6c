//! The effective concurrency: how many requests were served at a time, by the requests' times alone.

use crate::trace::Trace;

/// Returns the effective concurrency E = n s / T: n is the number of good answers, s the service time, and T the time
/// during which at least one request was in flight. E is above 0, and at most the number of connections. `None` if there
/// are no answers or no times.
///
/// By Little's law (Operations Research 9, 1961), E is the mean number of requests in service while the server was busy.
pub fn effective_concurrency(trace: &Trace) -> Option<f64> {
    let busy_us = busy_us(trace);
    let work_us = trace.answered().count() as f64 * trace.service_ms * 1e3;
    (busy_us > 0.0 && work_us > 0.0).then(|| (work_us / busy_us).min(trace.schedule.connections() as f64))
}

/// Returns the time during which at least one request with a good answer was in flight, in microseconds.
fn busy_us(trace: &Trace) -> f64 {
    let mut intervals: Vec<(f64, f64)> =
        trace.answered().map(|row| (row.sent_us.unwrap_or(0.0), row.done_us)).collect();
    intervals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut busy, mut until) = (0.0, f64::NEG_INFINITY);
    for (sent, done) in intervals {
        busy += (done - sent.max(until)).max(0.0);
        until = until.max(done);
    }
    busy
}
