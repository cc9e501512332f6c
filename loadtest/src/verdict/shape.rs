//! How the answers came.

use super::{Findings, Kind, Shape};
use crate::trace::{Row, Trace};

/// Answers as far from the model's as this, in service times on average, don't follow it.
const FOLLOWS: f64 = 0.3;

pub fn shape(trace: &Trace, findings: &Findings, served: Kind) -> Option<Shape> {
    if findings.sharing.batched {
        return Some(Shape::Batched);
    }
    let follows_pool = findings.fit.as_ref().is_some_and(|fit| fit.deviation <= FOLLOWS);
    match served {
        Kind::Parallel => Some(Shape::Together),
        Kind::Sequential if follows_pool => Some(Shape::Staircase),
        Kind::Limited if follows_pool => Some(Shape::Waves),
        Kind::Sequential | Kind::Limited if is_stretched(trace) => Some(Shape::Stretched),
        _ => None,
    }
}

/// Whether all took about as long as the slowest: nine of ten took at least 0.7 of it.
fn is_stretched(trace: &Trace) -> bool {
    let took = |row: &Row| row.sent_us.map(|sent| row.done_us - sent);
    let mut latencies: Vec<f64> = trace.answered().filter_map(took).collect();
    latencies.sort_by(f64::total_cmp);
    let quick = crate::stats::percentile(&latencies, 0.1);
    quick.zip(latencies.last()).is_some_and(|(quick, slowest)| quick >= 0.7 * slowest)
}
