//! The server's own record tells what came before the handler.

use super::*;
use crate::findings::Findings;
use crate::judgement::Kind;
use crate::trace::{Baseline, Phases};

/// Ten requests, each in an instance of its own that was started for it: all are in their handlers at once.
fn started(start_ms: f64) -> Trace {
    let mut trace = together(10, 10);
    for i in 0..10 {
        let done_ms = start_ms + SERVICE_MS;
        in_instance(&mut trace, &i.to_string(), &[(i, start_ms, done_ms)]);
        let row = &mut trace.rows[i];
        row.done_us = done_ms * 1e3;
        row.first_byte_us = Some(row.done_us);
        row.phases =
            Some(Phases { start_us: start_ms * 1e3, handler_us: SERVICE_MS * 1e3, ..Phases::default() });
    }
    trace
}

#[test]
fn time_that_went_into_starting_instances_is_told() {
    let verdict = judge(&started(900.0));
    assert_eq!(verdict.kind, Kind::Parallel, "{verdict:?}");
    let sentence = "Of the 1.90 s that the last answer took, 900 ms went into starting its instance.";
    assert!(verdict.why.contains(sentence), "{}", verdict.why);
    let quick = judge(&started(20.0));
    assert!(!quick.why.contains("went into"), "{}", quick.why);
}

#[test]
fn time_in_the_queue_is_told() {
    let mut trace = together(10, 5);
    for row in &mut trace.rows {
        let queue_us = row.done_us - SERVICE_MS * 1e3;
        row.phases = Some(Phases { queue_us, handler_us: SERVICE_MS * 1e3, ..Phases::default() });
    }
    let why = judge(&trace).why;
    assert!(
        why.contains("Of the 2.00 s that the last answer took, 1.00 s went into waiting for an instance."),
        "{why}"
    );
}

/// A request alone took a second, but was in its handler for a tenth of it.
#[test]
fn handlers_are_compared_with_the_handler_of_a_request_alone() {
    let counted = |handler_ms| {
        let baseline = Baseline { handler_ms, ..Baseline::default() };
        Findings::of(&Trace { baseline, ..started(0.0) }).handlers_at_once()
    };
    assert_eq!((counted(None), counted(Some(SERVICE_MS)), counted(Some(100.0))), (Some(10), Some(10), None));
}
