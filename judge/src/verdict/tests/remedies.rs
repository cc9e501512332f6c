//! Remedies are given where there is evidence, and nowhere else.

use super::*;

fn served_by(mut trace: Trace, server: &str) -> Trace {
    trace.rows.iter_mut().for_each(|row| row.server = Some(server.to_owned()));
    trace
}

/// Each has an instance of its own, in which it stays for its whole way.
fn in_own_instances(trace: &mut Trace) {
    let ways: Vec<_> = trace.answered().map(|row| (row.i, row.sent_us, row.done_us)).collect();
    for (i, sent, done) in ways {
        in_instance(trace, &i.to_string(), &[(i, sent.unwrap_or(0.0) / 1e3, done / 1e3)]);
    }
}

fn refuses(trace: &mut Trace, from: usize, outcome: &Outcome) {
    for row in &mut trace.rows[from..] {
        (row.outcome, row.done_us, row.evidence) = (outcome.clone(), 1_000.0, None);
    }
}

fn remedy(trace: &Trace) -> String {
    judge(trace).remedy.unwrap_or_default()
}

#[test]
fn uvicorn_runs_what_blocks_one_by_one() {
    assert!(remedy(&served_by(together(10, 1), "uvicorn")).contains("`async def` that blocks"));
    assert_eq!(remedy(&served_by(together(10, 1), "another")), "");
    assert_eq!(remedy(&served_by(together(10, 10), "uvicorn")), "");
}

#[test]
fn uvicorn_has_a_pool_of_forty() {
    let said = remedy(&served_by(together(100, 40), "uvicorn"));
    assert!(said.contains("40") && said.contains("total_tokens"), "{said}");
    assert_eq!(remedy(&served_by(together(100, 30), "uvicorn")), "");
    assert_eq!(remedy(&together(100, 40)), "");
}

#[test]
fn a_host_that_runs_out_of_instances_needs_more_of_them() {
    let refused = |outcome| {
        let mut trace = together(40, 40);
        in_own_instances(&mut trace);
        refuses(&mut trace, 25, &outcome);
        trace
    };
    let trace = refused(Outcome::Answered(503));
    assert!(remedy(&trace).contains("raise the limit on instances"));
    assert!(judge(&trace).why.starts_with("25 answered, 15 refused (status 503). It took 25 at once"));
    // That is the server's own choice, or anyone's on the way.
    assert_eq!(remedy(&refused(Outcome::Answered(429))), "");
    assert_eq!(remedy(&refused(Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset")))), "");
    let mut silent = together(40, 40);
    refuses(&mut silent, 25, &Outcome::Answered(503));
    assert_eq!(remedy(&silent), "");
}

#[test]
fn what_blocks_the_only_instance_should_not() {
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
    assert_eq!(remedy(&trace), "", "a single worker could be why as well");
}

#[test]
fn the_replies_words_are_not_repeated_unless_they_are_names() {
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
