//! The latencies of a burst's first wave.

use crate::stats::percentile;
use crate::trace::{Row, Trace};

/// The latencies of the first requests, as many as can be in the server at once. Only the server's limit, or a shared
/// resource such as its processors, delays these.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FirstWave {
    /// The latencies in service times, sorted.
    latencies: Vec<f64>,
}

impl FirstWave {
    pub(super) fn of(trace: &Trace, offered: usize) -> Self {
        let mut rows: Vec<&Row> = trace.answered().filter(|row| row.sent_us.is_some()).collect();
        let sent = |row: &Row| row.sent_us.unwrap_or(0.0);
        rows.sort_by(|a, b| sent(a).total_cmp(&sent(b)).then(a.done_us.total_cmp(&b.done_us)));
        rows.truncate(offered);
        let service_us = (trace.service_ms * 1e3).max(f64::MIN_POSITIVE);
        let mut latencies: Vec<f64> = rows.iter().map(|row| (row.done_us - sent(row)) / service_us).collect();
        latencies.sort_by(f64::total_cmp);
        Self { latencies }
    }

    /// Returns the mean latency, and the relative half width of the range from the 5th to the 95th percentile.
    pub(crate) fn mean_and_spread(&self) -> (f64, f64) {
        let mean = self.latencies.iter().sum::<f64>() / self.latencies.len().max(1) as f64;
        let ends = percentile(&self.latencies, 0.05).zip(percentile(&self.latencies, 0.95));
        (mean, ends.map_or(0.0, |(quick, slow)| (slow - quick) / (slow + quick).max(f64::MIN_POSITIVE)))
    }
}
