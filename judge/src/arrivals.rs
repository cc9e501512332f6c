//! The arrival times of a burst's requests at the server, as far as the client determines them.

use crate::trace::{Row, Trace};

/// The arrival times of the requests with a good answer. Times are microseconds from the burst's start.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ArrivalTimes {
    /// The arrival times of the requests that didn't wait for an answer, sorted.
    pub(crate) planned: Vec<f64>,
    /// The number of requests that were sent when a connection had its answer.
    pub(crate) follow_ups: usize,
    /// The number of connections: the largest number of requests in flight.
    pub(crate) connections: usize,
    /// The generator's largest delay behind the plan. The delay of a request that found all connections busy is not the
    /// generator's.
    pub(crate) late_us: f64,
}

impl ArrivalTimes {
    pub(crate) fn of(trace: &Trace) -> Self {
        let connections = trace.schedule.connections();
        let in_flight = InFlight::of(&trace.rows);
        let first_answer = trace.answered().map(|row| row.done_us).fold(f64::INFINITY, f64::min);
        let mut arrivals = Self { connections, ..Self::default() };
        for row in trace.answered() {
            match (row.planned_us, row.sent_us) {
                (Some(planned), Some(sent))
                    if sent > planned && in_flight.others_at(planned) < connections =>
                {
                    // The server isn't blamed for the generator's delay.
                    arrivals.planned.push(sent);
                    arrivals.late_us = arrivals.late_us.max(sent - planned);
                }
                (Some(planned), _) => arrivals.planned.push(planned),
                // The connection was free before any answer came: its previous request was rejected.
                (None, Some(sent)) if sent < first_answer => arrivals.planned.push(sent),
                (None, _) => arrivals.follow_ups += 1,
            }
        }
        arrivals.planned.sort_by(f64::total_cmp);
        arrivals
    }

    /// Returns the number of requests.
    pub(crate) fn count(&self) -> usize {
        self.planned.len() + self.follow_ups
    }

    /// Returns the first arrival time.
    pub(crate) fn first_us(&self) -> f64 {
        self.planned.first().copied().unwrap_or(0.0)
    }
}

/// The times that tell how many requests were in flight, sorted.
struct InFlight {
    due: Vec<f64>,
    done: Vec<f64>,
}

impl InFlight {
    fn of(rows: &[Row]) -> Self {
        let due = rows.iter().filter_map(|row| row.planned_us.or(row.sent_us));
        Self { due: sorted(due), done: sorted(rows.iter().map(|row| row.done_us)) }
    }

    /// Returns the number of other requests that were due by this time and not done. If it reaches the number of
    /// connections, none of them was free.
    fn others_at(&self, at: f64) -> usize {
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
    use crate::trace::Outcome;

    fn trace(connections: usize, rows: &[(Option<f64>, f64, f64)]) -> Trace {
        let row = |(i, (planned_us, sent, done)): (usize, &(Option<f64>, f64, f64))| Row {
            i,
            planned_us: *planned_us,
            sent_us: Some(*sent),
            done_us: *done,
            outcome: Outcome::Answered(200),
            ..Row::default()
        };
        let schedule = Schedule { c: connections, ..Schedule::together(rows.len()) };
        Trace::new(schedule, 1.0, rows.iter().enumerate().map(row).collect())
    }

    #[test]
    fn a_late_send_moves_the_arrival_and_is_recorded() {
        let arrivals = ArrivalTimes::of(&trace(2, &[(Some(0.0), 30.0, 1_000.0), (Some(0.0), 0.0, 1_000.0)]));
        assert_eq!((arrivals.planned.as_slice(), arrivals.late_us), ([0.0, 30.0].as_slice(), 30.0));
    }

    #[test]
    fn a_request_without_a_free_connection_arrives_as_planned() {
        let arrivals =
            ArrivalTimes::of(&trace(1, &[(Some(0.0), 0.0, 1_000.0), (Some(100.0), 1_000.0, 2_000.0)]));
        assert_eq!((arrivals.planned.as_slice(), arrivals.late_us), ([0.0, 100.0].as_slice(), 0.0));
    }

    #[test]
    fn a_request_after_a_rejection_is_not_a_follow_up_of_an_answer() {
        let rows = [(Some(0.0), 0.0, 10.0), (None, 10.0, 1_000.0), (None, 1_000.0, 2_000.0)];
        let mut trace = trace(1, &rows);
        trace.rows[0].outcome = Outcome::Answered(503);
        let arrivals = ArrivalTimes::of(&trace);
        assert_eq!((arrivals.planned.as_slice(), arrivals.follow_ups), ([10.0].as_slice(), 1));
    }
}
