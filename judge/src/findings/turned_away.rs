//! Whether broken connections are refusals: whether the server turned requests away because of the load.

use crate::trace::{Ending, ErrorKind, Outcome, Row, Trace};

/// Whether it depends on the load that requests were turned away: another request had a good answer, in the burst or alone, or
/// a status says so (5xx, 429). A server that breaks off every connection does so at any load, and one that nobody reached
/// turned nobody away.
pub(super) fn depends_on_load(trace: &Trace) -> bool {
    let has = |is: fn(&Row) -> bool| trace.rows.iter().any(is);
    let is_said = has(|row| is_turned_away(row) && matches!(row.outcome, Outcome::Answered(_)));
    has(Row::is_ok) || is_said || was_answered(trace) && has(|row| is_turned_away(row) && !is_unreached(row))
}

/// Whether a request alone had a good answer.
fn was_answered(trace: &Trace) -> bool {
    trace.baseline.times_ms().next().is_some()
}

fn is_turned_away(row: &Row) -> bool {
    row.ending() == Ending::Refused
}

fn is_unreached(row: &Row) -> bool {
    matches!(&row.outcome, Outcome::Rejected(fault) if fault.kind == ErrorKind::ConnectRefused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::trace::{Baseline, Fault};

    #[test]
    fn a_broken_connection_is_a_refusal_if_another_request_was_answered() {
        let broken = |kind: ErrorKind| Fault::new(kind, "").outcome();
        let trace = |outcomes: Vec<Outcome>, alone: &[f64]| {
            let row = |(i, outcome)| Row { i, outcome, ..Row::default() };
            let rows: Vec<Row> = outcomes.into_iter().enumerate().map(row).collect();
            Trace {
                baseline: Baseline::new(alone.to_vec()),
                ..Trace::new(Schedule::together(rows.len()), 1.0, rows)
            }
        };
        use ErrorKind::{Closed, ConnectRefused, Reset};
        for (outcomes, alone, expected) in [
            (vec![broken(Reset), broken(Closed)], &[][..], false),
            (vec![broken(Reset), broken(Closed)], &[1.0], true),
            (vec![broken(Reset), Outcome::Answered(200)], &[], true),
            (vec![broken(Reset), Outcome::Answered(503)], &[], true),
            (vec![broken(Reset), Outcome::Answered(404)], &[], false),
            (vec![Outcome::Answered(500)], &[], true),
            (vec![broken(ConnectRefused), broken(ConnectRefused)], &[1.0], false),
            (vec![broken(ConnectRefused), Outcome::Answered(200)], &[], true),
        ] {
            assert_eq!(depends_on_load(&trace(outcomes.clone(), alone)), expected, "{outcomes:?} {alone:?}");
        }
    }
}
