//! The verdict in plain words. No cause is claimed without evidence for it.

use super::{Findings, Kind, Shape, Sharing, is_rejection};
use crate::trace::{Outcome, Trace};
use crate::units;

/// What was seen, and what explains it where the replies show that.
pub fn why(
    trace: &Trace,
    findings: &Findings,
    served: Kind,
    shape: Option<Shape>,
    reasons: &[String],
) -> String {
    let mut sentences = Vec::new();
    if findings.rejected > 0 {
        sentences.push(format!(
            "{} of {} requests were rejected by the server ({}).",
            findings.rejected,
            trace.rows.len(),
            first_rejection(trace)
        ));
    }
    if findings.answered > 0 {
        sentences.push(times(findings));
    }
    if !reasons.is_empty() {
        sentences.push(format!("No verdict: {}.", reasons.join("; ")));
        return sentences.join(" ");
    }
    sentences.extend(pattern(findings, served, shape));
    sentences.extend(cause(&findings.sharing, served));
    sentences.join(" ")
}

/// What to change, where the replies show the cause.
pub fn remedy(findings: &Findings) -> Option<String> {
    findings.sharing.batched.then(|| {
        "Replace the blocking call by its asynchronous form, or let an instance hold one request at a time: \
         run with --max-instance-concurrent-reuse-count 1."
            .to_owned()
    })
}

fn times(findings: &Findings) -> String {
    format!(
        "{} requests took {} in all, one alone takes {}.",
        findings.answered,
        units::time(findings.makespan_ms),
        units::time(findings.service_ms)
    )
}

fn pattern(findings: &Findings, served: Kind, shape: Option<Shape>) -> Option<String> {
    let k = findings.fit.as_ref().map_or(1, |fit| fit.k);
    match (served, shape) {
        (_, Some(Shape::Batched)) => None, // its cause says it better
        (Kind::Sequential, Some(Shape::Staircase)) => Some("They were answered one by one.".into()),
        (Kind::Limited, Some(Shape::Waves)) => Some(format!("They were answered {k} at a time.")),
        (_, Some(Shape::Stretched)) => Some(
            "All took about as long: they shared something, such as a processor, or waited for each other."
                .into(),
        ),
        _ => None,
    }
}

fn cause(sharing: &Sharing, served: Kind) -> Option<String> {
    let Sharing { known, instances, fullest, took_turns, turn_ms, batched } = sharing;
    let shared = if *instances == 1 {
        format!("One instance took all {known}")
    } else {
        format!("{known} requests shared {instances} instances, up to {fullest} in one")
    };
    if *batched {
        return Some(format!(
            "{shared}; {took_turns} of them were inside a handler together and blocked each other in turn, \
             {} each, and their answers came when the last was done.",
            units::time(*turn_ms)
        ));
    }
    if *known == 0 {
        return None;
    }
    Some(match (sharing.is_fresh(), *took_turns, served) {
        (true, ..) => "Each had an instance of its own.".to_owned(),
        (false, 0, Kind::Parallel) => format!("{shared}, and none held up another."),
        (false, 0, _) => format!("{shared}."),
        (false, turns, _) => {
            format!("{shared}; {turns} of them blocked each other in turn, {} each.", units::time(*turn_ms))
        }
    })
}

fn first_rejection(trace: &Trace) -> String {
    let rejection = trace.rows.iter().find(|row| is_rejection(row)).map(|row| &row.outcome);
    match rejection {
        Some(Outcome::Answered(status)) => format!("status {status}"),
        Some(Outcome::Rejected(fault) | Outcome::Failed(fault)) => fault.text.clone(),
        None => String::new(),
    }
}
