//! How the answers came.

use super::{Findings, Kind, Shape};
use crate::trace::{Row, Trace};

pub fn shape(trace: &Trace, findings: &Findings, served: Kind) -> Option<Shape> {
    if findings.sharing.batched {
        return Some(Shape::Batched);
    }
    let pool = findings.fit.as_ref().filter(|fit| fit.holds).map(|fit| fit.k);
    match served {
        Kind::Parallel => Some(Shape::Together),
        Kind::Sequential if pool.is_some() => Some(Shape::Staircase),
        Kind::Limited if pool.is_some_and(|k| 1 < k && k < findings.connections) => Some(Shape::Waves),
        Kind::Sequential | Kind::Limited if is_stretched(trace) => Some(Shape::Stretched),
        _ => None,
    }
}

/// Whether all were slowed: nine of ten took much longer than one alone, and at least half as long as
/// the slowest. No pool's first wave is late; processors that are shared, with neighbours too, make
/// all late, and some later than others.
fn is_stretched(trace: &Trace) -> bool {
    let took = |row: &Row| row.sent_us.map(|sent| row.done_us - sent);
    let mut latencies: Vec<f64> = trace.answered().filter_map(took).collect();
    latencies.sort_by(f64::total_cmp);
    let quick = crate::stats::percentile(&latencies, 0.1);
    quick.zip(latencies.last()).is_some_and(|(quick, slowest)| {
        quick >= trace.service_ms * 1e3 / super::PARALLEL && quick >= slowest / 2.0
    })
}
