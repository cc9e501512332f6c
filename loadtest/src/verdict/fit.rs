//! Which pool size explains the answers best.

use super::model::completions;
use crate::schedule::Schedule;
use crate::trace::Trace;

/// Two pool sizes whose deviations differ by no more than this, in service times, are as good as
/// each other.
const TOLERANCE: f64 = 0.05;
/// How far answers may be from where the pool has them, in service times, for one wave.
const SLACK: f64 = 0.3;

/// The pool size that explains the answers best.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The best size.
    pub k: usize,
    /// The least that is as good.
    pub low: usize,
    /// The most that is as good.
    pub high: usize,
    /// How far the answers are from where a pool of `k` would have them, on average, in service times.
    pub deviation: f64,
    /// Whether the answers, and the last one, came where a pool of `k` has them, give or take what
    /// varies: a straggler makes no second wave.
    pub holds: bool,
}

/// Fits k by least absolute deviation of the sorted completions from those of a pool of k.
///
/// `effective` is the concurrency that the makespan shows. A pool of k has at least about that, and
/// not much more than twice that: only its last wave can run partly empty.
pub fn fit(trace: &Trace, schedule: &Schedule, effective: f64) -> Option<Fit> {
    let mut done: Vec<f64> = trace.answered().map(|row| row.done_us).collect();
    if done.is_empty() || trace.service_ms <= 0.0 {
        return None;
    }
    done.sort_by(f64::total_cmp);
    let service_us = trace.service_ms * 1e3;
    let most = schedule.connections();
    let least = ((effective * 0.8).floor() as usize).clamp(1, most);
    let last = ((effective * 2.5).ceil() as usize + 1).clamp(least, most);
    let deviation = |k| {
        let expected = completions(schedule, service_us, k);
        let sum: f64 = done.iter().zip(&expected).map(|(seen, expected)| (seen - expected).abs()).sum();
        sum / (done.len() as f64 * service_us)
    };
    let candidates: Vec<(usize, f64)> = (least..=last).map(|k| (k, deviation(k))).collect();
    let (k, best) = candidates.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let as_good =
        || candidates.iter().filter(|(_, deviation)| *deviation <= best + TOLERANCE).map(|(k, _)| *k);
    let (end, expected) = (done.last()?, *completions(schedule, service_us, k).last()?);
    // What varies from wave to wave adds up, as the root of their number.
    let slack = SLACK * (expected / service_us).sqrt();
    let holds = best <= slack && (end - expected).abs() <= slack * service_us;
    Some(Fit { k, low: as_good().min()?, high: as_good().max()?, deviation: best, holds })
}
