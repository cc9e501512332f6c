//! Infers when requests were planned to be sent, from when they were sent: which requests waited for an answer, and
//! which did not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use judge::trace::Row;

/// A request that starts at most this long after an answer, in microseconds, may have waited for the answer.
const MAX_TURNAROUND_US: f64 = 1_000.0;
/// The smallest share of later requests that follow an answer in a closed loop.
const CLOSED_LOOP_SHARE: f64 = 0.9;
/// Requests that start within this share of the service time were planned for the same time.
const TOGETHER_SHARE: f64 = 0.1;

/// The plan of a burst's sends, if the file has it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SendPlan {
    /// The planned start, in nanoseconds since 1970.
    pub start_ns: Option<i64>,
    /// The spacing between sends, in microseconds.
    pub spacing_us: f64,
    /// The number of requests.
    pub n: Option<usize>,
}

/// What was inferred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inferred {
    /// The number of connections: the most requests in flight at once.
    pub connections: usize,
    /// The planned spacing between sends.
    pub spacing: Duration,
}

/// Sorts `rows` by start, makes their times relative to `start_us`, and sets their planned sends.
///
/// Without a `given` plan, a request that waited for no answer was planned for its own start; if all of these requests
/// started nearly at once, they were planned for the first start. A loop counts as closed if nine of ten later requests
/// follow an answer within a millisecond, each a different answer.
pub fn infer(rows: &mut [Row], start_us: f64, service_ms: f64, given: Option<SendPlan>) -> Inferred {
    rows.sort_by(|a, b| start(a).total_cmp(&start(b)));
    for (i, row) in rows.iter_mut().enumerate() {
        row.i = i;
        row.sent_us = row.sent_us.map(|us| us - start_us);
        row.first_byte_us = row.first_byte_us.map(|us| us - start_us);
        row.done_us -= start_us;
    }
    let (mut followed, mut connections) = followed(rows);
    if given.is_some() {
        // Each request has its own virtual user, so that none waits for an answer.
        followed.fill(false);
        connections = rows.len();
    }
    let free: Vec<usize> = (0..rows.len()).filter(|i| !followed[*i]).collect();
    let first = rows.first().map_or(0.0, start);
    let is_together = |i: &usize| start(&rows[*i]) - first <= TOGETHER_SHARE * service_ms * 1e3;
    let together = free.iter().all(is_together);
    for (index, i) in free.into_iter().enumerate() {
        rows[i].planned_us = Some(match given {
            Some(plan) => plan.spacing_us * index as f64,
            None if together => first,
            None => start(&rows[i]),
        });
    }
    let spacing_us = given.map_or(0.0, |plan| plan.spacing_us);
    Inferred { connections, spacing: Duration::try_from_secs_f64(spacing_us / 1e6).unwrap_or_default() }
}

/// Returns which rows followed an answer, and the most requests in flight at once. `rows` is sorted by start.
fn followed(rows: &[Row]) -> (Vec<bool>, usize) {
    let mut running: BinaryHeap<Reverse<Time>> = BinaryHeap::new();
    let mut answers = Vec::new();
    let mut followed = vec![false; rows.len()];
    let (mut later, mut most, mut is_later) = (0_usize, 0, false);
    for (i, row) in rows.iter().enumerate() {
        while let Some(done) =
            running.peek().map(|Reverse(Time(done))| *done).filter(|done| *done <= start(row))
        {
            running.pop();
            answers.push(done);
        }
        is_later |= !answers.is_empty();
        later += usize::from(is_later);
        if answers.last().is_some_and(|done| start(row) - done <= MAX_TURNAROUND_US) {
            answers.pop();
            followed[i] = true;
        }
        running.push(Reverse(Time(row.done_us)));
        most = most.max(running.len());
    }
    let waiting = followed.iter().filter(|followed| **followed).count();
    if (waiting as f64) < CLOSED_LOOP_SHARE * later as f64 {
        followed.fill(false);
    }
    (followed, most)
}

/// The start of a request, connecting included; its end if unknown.
fn start(row: &Row) -> f64 {
    row.began_us().unwrap_or(row.done_us)
}

/// A time with a total order.
#[derive(PartialEq)]
struct Time(f64);

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
