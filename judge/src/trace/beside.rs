//! What bursts that were fired together tell about each other.

use super::Trace;

/// At which server a burst was fired, and when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The server: scheme, host and port.
    pub server: String,
    /// The start, in microseconds since 1970.
    pub start_us: u64,
}

/// Notes in each trace when its server answered the requests of the other bursts. `origins` are in the order of `traces`; a burst
/// without one tells nothing.
pub fn note_answers_beside(traces: &mut [Trace], origins: &[Option<Origin>]) {
    let answers_beside = |i: usize| -> Option<Vec<f64>> {
        let origin = origins.get(i)?.as_ref()?;
        let others = traces.iter().zip(origins).enumerate().filter(|(other, _)| *other != i);
        let answers = others.filter_map(|(_, (trace, other))| {
            let other = other.as_ref().filter(|other| other.server == origin.server)?;
            let later_us = other.start_us as f64 - origin.start_us as f64;
            Some(trace.answered().map(move |row| row.done_us + later_us))
        });
        Some(answers.flatten().collect())
    };
    let noted: Vec<Vec<f64>> = (0..traces.len()).map(|i| answers_beside(i).unwrap_or_default()).collect();
    traces.iter_mut().zip(noted).for_each(|(trace, beside_us)| trace.beside_us = beside_us);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::trace::{Outcome, Row};

    fn trace(done_us: &[f64]) -> Trace {
        let row = |(i, done_us): (usize, &f64)| Row {
            i,
            sent_us: Some(0.0),
            done_us: *done_us,
            outcome: Outcome::Answered(200),
            ..Row::default()
        };
        let rows = done_us.iter().enumerate().map(row).collect();
        Trace::new(Schedule::together(done_us.len()), 1.0, rows)
    }

    #[test]
    fn answers_of_the_same_server_are_noted_by_each_bursts_own_clock() {
        let mut traces = [trace(&[100.0]), trace(&[20.0, 30.0]), trace(&[7.0]), trace(&[8.0])];
        let origin = |server: &str, start_us| Some(Origin { server: server.to_owned(), start_us });
        let origins = [origin("http://a", 1_000), origin("http://a", 1_050), origin("http://b", 1_000), None];
        note_answers_beside(&mut traces, &origins);
        let noted: Vec<Vec<f64>> = traces.into_iter().map(|trace| trace.beside_us).collect();
        assert_eq!(noted, [vec![70.0, 80.0], vec![50.0], vec![], vec![]]);
    }
}
