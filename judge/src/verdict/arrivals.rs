//! When the requests of a burst came to the server, as far as the client decided it.

use crate::trace::{Row, Trace};

/// When the requests that were answered well were due.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arrivals {
    /// When those were due that waited for no answer, sorted, in microseconds from the burst's start.
    pub planned: Vec<f64>,
    /// How many were sent when a connection had its answer.
    pub follow_ups: usize,
    /// How many connections there were: no more can be in flight.
    pub connections: usize,
    /// How late the generator sent the latest of the planned, in microseconds. A request that found all
    /// connections busy isn't late by the generator's fault.
    pub late_us: f64,
}

impl Arrivals {
    pub fn of(trace: &Trace) -> Self {
        let connections = trace.schedule.connections();
        let traffic = Traffic::of(&trace.rows);
        let first_answer = trace.answered().map(|row| row.done_us).fold(f64::INFINITY, f64::min);
        let mut arrivals = Self { connections, ..Self::default() };
        for row in trace.answered() {
            match (row.planned_us, row.sent_us) {
                (Some(planned), Some(sent)) if sent > planned && traffic.before(planned) < connections => {
                    // The generator's lateness is not the server's.
                    arrivals.planned.push(sent);
                    arrivals.late_us = arrivals.late_us.max(sent - planned);
                }
                (Some(planned), _) => arrivals.planned.push(planned),
                // Its connection was free before any answer came: the request before it was rejected.
                (None, Some(sent)) if sent < first_answer => arrivals.planned.push(sent),
                (None, _) => arrivals.follow_ups += 1,
            }
        }
        arrivals.planned.sort_by(f64::total_cmp);
        arrivals
    }

    /// How many requests there are.
    pub fn count(&self) -> usize {
        self.planned.len() + self.follow_ups
    }

    /// When the first was due.
    pub fn first_us(&self) -> f64 {
        self.planned.first().copied().unwrap_or(0.0)
    }

    /// Whether all that were planned came within a twentieth of `service_us`.
    pub fn are_together(&self, service_us: f64) -> bool {
        self.planned.last().is_none_or(|last| last - self.first_us() <= service_us / 20.0)
    }
}

/// Which requests were due when, and which were done.
struct Traffic {
    due: Vec<f64>,
    done: Vec<f64>,
}

impl Traffic {
    fn of(rows: &[Row]) -> Self {
        let due = rows.iter().filter_map(|row| row.planned_us.or(row.sent_us));
        Self { due: sorted(due), done: sorted(rows.iter().map(|row| row.done_us)) }
    }

    /// How many others were due by then and not done: with as many connections, none was free for one more.
    fn before(&self, at: f64) -> usize {
        let by = |times: &[f64]| times.partition_point(|time| *time <= at);
        by(&self.due).saturating_sub(1 + by(&self.done))
    }
}

fn sorted(times: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::trace::{Generator, Outcome};

    fn trace(connections: usize, rows: &[(Option<f64>, f64, f64)]) -> Trace {
        let row = |(i, (planned_us, sent, done)): (usize, &(Option<f64>, f64, f64))| Row {
            i,
            planned_us: *planned_us,
            sent_us: Some(*sent),
            done_us: *done,
            outcome: Outcome::Answered(200),
            ..Row::default()
        };
        Trace {
            schedule: Schedule { c: connections, ..Schedule::together(rows.len()) },
            service_ms: 1.0,
            rows: rows.iter().enumerate().map(row).collect(),
            shared_clock: false,
            keep_alive: true,
            generator: Generator::default(),
            missing: crate::trace::MissingData::default(),
        }
    }

    #[test]
    fn the_generators_lateness_moves_the_arrival_and_is_counted() {
        let arrivals = Arrivals::of(&trace(2, &[(Some(0.0), 30.0, 1_000.0), (Some(0.0), 0.0, 1_000.0)]));
        assert_eq!((arrivals.planned.as_slice(), arrivals.late_us), ([0.0, 30.0].as_slice(), 30.0));
    }

    #[test]
    fn a_request_that_found_no_free_connection_was_due_as_planned() {
        let arrivals = Arrivals::of(&trace(1, &[(Some(0.0), 0.0, 1_000.0), (Some(100.0), 1_000.0, 2_000.0)]));
        assert_eq!((arrivals.planned.as_slice(), arrivals.late_us), ([0.0, 100.0].as_slice(), 0.0));
    }

    #[test]
    fn what_follows_a_rejection_is_no_follow_up_of_an_answer() {
        let rows = [(Some(0.0), 0.0, 10.0), (None, 10.0, 1_000.0), (None, 1_000.0, 2_000.0)];
        let mut trace = trace(1, &rows);
        trace.rows[0].outcome = Outcome::Answered(503);
        let arrivals = Arrivals::of(&trace);
        assert_eq!((arrivals.planned.as_slice(), arrivals.follow_ups), ([10.0].as_slice(), 1));
    }
}
