//! When requests were meant to be sent, read off when they were: which waited for an answer, and which for nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use judge::trace::Row;

/// A request that is sent so soon after an answer, in microseconds, may have waited for it.
const TURNAROUND_US: f64 = 1_000.0;
/// Of a closed loop at least this share of the later requests waited for an answer.
const CLOSED: f64 = 0.9;
/// Requests that go out within this share of the service time were meant to go together.
const TOGETHER: f64 = 0.1;

/// How a burst was to be sent, where its file says so.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Plan {
    /// When it was to start, in nanoseconds since 1970.
    pub start_ns: Option<i64>,
    /// How far apart, in microseconds.
    pub spacing_us: f64,
    /// How many.
    pub n: Option<usize>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The most that were in flight at once.
    pub connections: usize,
    /// How far apart the first were to be sent.
    pub spacing: Duration,
}

/// Sorts `rows` by when they began, counts their times from `start_us`, and notes which were planned for when.
///
/// Where `given` has no plan, whoever waited for no answer was meant to go when it went; and where all of those went
/// nearly at once, with the first. A loop is taken to be closed where nine of ten later requests follow an answer
/// within a millisecond, each an answer of its own.
pub fn plan(rows: &mut [Row], start_us: f64, service_ms: f64, given: Option<Plan>) -> Found {
    rows.sort_by(|a, b| began(a).total_cmp(&began(b)));
    for (i, row) in rows.iter_mut().enumerate() {
        row.i = i;
        row.sent_us = row.sent_us.map(|us| us - start_us);
        row.first_byte_us = row.first_byte_us.map(|us| us - start_us);
        row.done_us -= start_us;
    }
    let (mut followed, mut connections) = followed(rows);
    if given.is_some() {
        // A user for each request: none waits for an answer.
        followed.fill(false);
        connections = rows.len();
    }
    let free: Vec<usize> = (0..rows.len()).filter(|i| !followed[*i]).collect();
    let first = rows.first().map_or(0.0, began);
    let is_together = |i: &usize| began(&rows[*i]) - first <= TOGETHER * service_ms * 1e3;
    let together = free.iter().all(is_together);
    for (place, i) in free.into_iter().enumerate() {
        rows[i].planned_us = Some(match given {
            Some(plan) => plan.spacing_us * place as f64,
            None if together => first,
            None => began(&rows[i]),
        });
    }
    let spacing_us = given.map_or(0.0, |plan| plan.spacing_us);
    Found { connections, spacing: Duration::try_from_secs_f64(spacing_us / 1e6).unwrap_or_default() }
}

/// Which of the rows, sorted by when they began, followed an answer; and the most that were in flight at once.
fn followed(rows: &[Row]) -> (Vec<bool>, usize) {
    let mut running: BinaryHeap<Reverse<Time>> = BinaryHeap::new();
    let mut answers = Vec::new();
    let mut followed = vec![false; rows.len()];
    let (mut later, mut most, mut is_later) = (0_usize, 0, false);
    for (i, row) in rows.iter().enumerate() {
        while let Some(done) =
            running.peek().map(|Reverse(Time(done))| *done).filter(|done| *done <= began(row))
        {
            running.pop();
            answers.push(done);
        }
        is_later |= !answers.is_empty();
        later += usize::from(is_later);
        if answers.last().is_some_and(|done| began(row) - done <= TURNAROUND_US) {
            answers.pop();
            followed[i] = true;
        }
        running.push(Reverse(Time(row.done_us)));
        most = most.max(running.len());
    }
    let waited = followed.iter().filter(|followed| **followed).count();
    if (waited as f64) < CLOSED * later as f64 {
        followed.fill(false);
    }
    (followed, most)
}

fn began(row: &Row) -> f64 {
    row.began_us().unwrap_or(row.done_us)
}

/// A time that can be sorted.
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
