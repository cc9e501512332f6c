//! Remedies for causes need evidence; otherwise, each mechanism that explains the times has its own.

use super::*;
use crate::trace::{ErrorKind, Fault};

fn served_by(mut trace: Trace, server: &str) -> Trace {
    trace.rows.iter_mut().for_each(|row| row.server = Some(server.to_owned()));
    trace
}

/// Gives each request an instance of its own, in which it stays from send to answer.
fn in_own_instances(trace: &mut Trace) {
    let stays: Vec<_> = trace.answered().map(|row| (row.i, row.sent_us, row.done_us)).collect();
    for (i, sent, done) in stays {
        in_instance(trace, &i.to_string(), &[(i, sent.unwrap_or(0.0) / 1e3, done / 1e3)]);
    }
}

fn refuse(trace: &mut Trace, from: usize, outcome: &Outcome) {
    for row in &mut trace.rows[from..] {
        (row.outcome, row.done_us, row.evidence) = (outcome.clone(), 1_000.0, None);
    }
}

fn remedy(trace: &Trace) -> String {
    judge(trace).remedy.unwrap_or_default()
}

/// Returns the remedy for the mechanism alone.
fn of_mechanism(trace: &Trace) -> String {
    judge(trace).mechanism.and_then(|mechanism| mechanism.remedy()).unwrap_or_default()
}

#[test]
fn without_evidence_each_mechanism_of_the_class_has_its_remedy() {
    let found = remedy(&together(100, 40));
    assert!(found.starts_with("With a worker pool: raise the number of workers"), "{found}");
    assert!(found.contains(" With batches: make the batches larger"), "{found}");
    assert_eq!(judge(&together(10, 10)).remedy, None, "nothing limits the requests");
}

#[test]
fn a_sequential_burst_at_uvicorn_has_a_blocking_handler() {
    assert!(remedy(&served_by(together(10, 1), "uvicorn")).contains("`async def` that blocks"));
    let other = served_by(together(10, 1), "another");
    assert_eq!(remedy(&other), of_mechanism(&other));
    assert_eq!(remedy(&served_by(together(10, 10), "uvicorn")), "");
}

#[test]
fn forty_at_a_time_at_uvicorn_is_its_thread_pool() {
    let found = remedy(&served_by(together(100, 40), "uvicorn"));
    assert!(found.contains("40") && found.contains("total_tokens"), "{found}");
    for other in [served_by(together(100, 30), "uvicorn"), together(100, 40)] {
        assert_eq!(remedy(&other), of_mechanism(&other));
    }
}

#[test]
fn a_host_without_free_instances_needs_a_higher_limit() {
    let refused = |outcome| {
        let mut trace = together(40, 40);
        in_own_instances(&mut trace);
        refuse(&mut trace, 25, &outcome);
        trace
    };
    let trace = refused(Outcome::Answered(503));
    assert!(remedy(&trace).contains("raise the limit on instances"));
    assert!(
        judge(&trace).why.starts_with("25 answered, 15 refused (status 503). The server took 25 at once")
    );
    // Status 429 is the application's choice, and a proxy can reset, too.
    let reset = Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset"));
    let mut without_evidence = together(40, 40);
    refuse(&mut without_evidence, 25, &Outcome::Answered(503));
    for other in [refused(Outcome::Answered(429)), refused(reset), without_evidence] {
        assert_eq!(remedy(&other), of_mechanism(&other));
    }
}

#[test]
fn a_handler_that_blocks_the_only_instance_is_named() {
    let mut trace = together(10, 1);
    let stays: Vec<_> = (0..10).map(|i| (i, i as f64 * 1_000.0, (i + 1) as f64 * 1_000.0)).collect();
    in_instance(&mut trace, "a", &stays);
    assert!(remedy(&trace).starts_with("e2-p4 awaits and then blocks; 10 requests shared one instance."));
    let style = |trace: &mut Trace, style: &str| {
        trace
            .rows
            .iter_mut()
            .filter_map(|row| row.evidence.as_mut())
            .for_each(|reply| reply.style = style.to_owned());
    };
    style(&mut trace, "sync");
    assert_eq!(remedy(&trace), of_mechanism(&trace), "a single worker is possible, too");
}

#[test]
fn only_plain_names_from_replies_are_repeated() {
    let mut trace = together(10, 1);
    let stays: Vec<_> = (0..10).map(|i| (i, i as f64 * 1_000.0, (i + 1) as f64 * 1_000.0)).collect();
    in_instance(&mut trace, "a", &stays);
    trace
        .rows
        .iter_mut()
        .filter_map(|row| row.evidence.as_mut())
        .for_each(|reply| reply.endpoint = "\u{1b}[31m".into());
    assert!(remedy(&trace).starts_with("The handler awaits and then blocks"));
}
