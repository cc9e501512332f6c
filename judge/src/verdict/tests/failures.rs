//! Requests without a good answer: refused, unanswered, failed.

use super::*;
use crate::mechanism::Name;
use crate::trace::{ErrorKind, Fault};
use crate::verdict::{Confidence, Kind};

/// Requests that are unanswered after a time get no answer.
fn with_timeout(mut trace: Trace, seconds: f64) -> Trace {
    for row in trace.rows.iter_mut().filter(|row| row.done_us > seconds * 1e6) {
        row.done_us = seconds * 1e6;
        row.outcome =
            Outcome::Failed(Fault::new(ErrorKind::Timeout, format!("no answer within {seconds} s")));
    }
    trace
}

#[test]
fn requests_that_timed_out_do_not_hide_how_the_others_were_served() {
    let verdict = judge(&with_timeout(together(40, 1), 20.5));
    assert_eq!(verdict.kind, Kind::Sequential);
    assert!(
        verdict
            .why
            .starts_with("20 of 40 requests were not answered in their time (no answer within 20.5 s)."),
        "{}",
        verdict.why
    );
    let verdict = judge(&with_timeout(together(100, 4), 20.5));
    assert_eq!((verdict.kind, verdict.at_a_time), (Kind::Limited, Some(4.0)));
}

#[test]
fn answers_at_once_beside_many_timeouts_are_inconclusive() {
    let verdict = judge(&with_timeout(together(20, 10), 1.5));
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.contains("10 were not answered in their time; allow more time"), "{}", verdict.why);
    let verdict = judge(&with_timeout(together(20, 1), 1.5));
    assert!(verdict.why.contains("1 answer is too few; allow more time"), "{}", verdict.why);
}

#[test]
fn failures_at_random_are_no_refusals() {
    let mut trace = together(40, 40);
    for i in [3, 7, 8, 14, 19, 22, 25, 31, 34, 38] {
        (trace.rows[i].outcome, trace.rows[i].done_us) = (Outcome::Answered(500), 1_000.0);
    }
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Parallel);
    assert!(
        verdict
            .why
            .starts_with("30 answered, 10 failed (status 500): 25 % failed at random, whatever the load."),
        "{}",
        verdict.why
    );
}

#[test]
fn a_cap_is_named_with_its_class() {
    let mut trace = together(40, 40);
    for row in &mut trace.rows[25..] {
        (row.outcome, row.done_us) = (Outcome::Answered(503), 1_000.0);
    }
    let verdict = judge(&trace);
    let mechanism = verdict.mechanism.unwrap();
    assert_eq!((verdict.kind, mechanism.name), (Kind::Refused, Name::ConcurrencyCap));
    assert_eq!((mechanism.or, mechanism.parameters.limit), (vec![Name::RateCap], Some(25.0)));
}

#[test]
fn redirects_and_missing_pages_are_failures_beside_the_others() {
    let mut trace = together(10, 10);
    trace.rows[2].outcome = Outcome::Answered(404);
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Parallel);
    assert!(verdict.why.starts_with("1 of 10 requests failed (status 404)."), "{}", verdict.why);
    trace.rows.iter_mut().for_each(|row| row.outcome = Outcome::Answered(301));
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.contains("check what the endpoint answers"), "{}", verdict.why);
}

#[test]
fn failures_are_told_with_their_numbers_and_examples() {
    let mut trace = together(10, 10);
    let banner = Fault::new(ErrorKind::Protocol, "this is not HTTP/1.1").outcome();
    for (i, outcome) in
        [(1, Outcome::Answered(404)), (2, banner.clone()), (3, Outcome::Answered(404)), (4, banner)]
    {
        trace.rows[i].outcome = outcome;
    }
    let why = judge(&trace).why;
    let said = "4 of 10 requests failed (2 x status 404, 2 x this is not HTTP/1.1).";
    assert!(why.starts_with(said), "{why}");
}

#[test]
fn broken_connections_without_any_answer_are_no_refusals() {
    let mut trace = together(10, 10);
    for row in &mut trace.rows {
        row.outcome = Fault::new(ErrorKind::Closed, "closed").outcome();
    }
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.starts_with("10 of 10 requests failed (closed)."), "{}", verdict.why);
    trace.baseline = crate::trace::Baseline::new(vec![SERVICE_MS]);
    assert_eq!(judge(&trace).kind, Kind::Refused, "a request alone was answered");
}

#[test]
fn a_server_that_nobody_reached_refused_nothing() {
    let mut trace = together(10, 10);
    for row in &mut trace.rows {
        row.outcome = Fault::new(ErrorKind::ConnectRefused, "connect: refused").outcome();
    }
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.contains("no request reached the server: check the address"), "{}", verdict.why);
}

#[test]
fn lateness_beside_plain_steps_changes_no_verdict() {
    let mut trace = together(20, 1);
    trace.service_ms = 300.0;
    trace.rows.iter_mut().for_each(|row| row.done_us *= 0.3);
    trace.generator = Generator { cpu: 0.02, lag_p99_us: 40_000.0 };
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.confidence), (Kind::Sequential, Confidence::Medium), "{verdict:?}");
    trace.generator.lag_p99_us = 150_000.0;
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(
        verdict.why.contains(
            "the machine was busy: timers were 150 ms late though the generator used 2 % of the processors"
        ),
        "{}",
        verdict.why
    );
}

/// A burst of which all but the first `accepted` requests got no connection.
fn accepted_only(mut trace: Trace, accepted: usize) -> Trace {
    for row in &mut trace.rows[accepted..] {
        row.outcome = Outcome::Failed(Fault::new(ErrorKind::ConnectTimeout, "no connection within 4 s"));
        (row.sent_us, row.first_byte_us, row.done_us) = (None, None, 0.0);
    }
    trace
}

#[test]
fn a_server_that_accepts_one_connection_at_a_time_is_sequential() {
    let verdict = judge(&accepted_only(together(20, 1), 7));
    assert_eq!((verdict.kind, verdict.confidence), (Kind::Sequential, Confidence::Medium));
    assert!(verdict.why.starts_with("13 of 20 requests got no connection in time"), "{}", verdict.why);
    for (servers, accepted) in [(20, 7), (3, 7), (1, 3)] {
        let verdict = judge(&accepted_only(together(20, servers), accepted));
        assert_eq!(verdict.kind, Kind::Inconclusive, "{servers}: {}", verdict.why);
        assert!(verdict.why.contains("got no connection (no connection within 4 s)"), "{}", verdict.why);
    }
}
