//! Requests that share a component instance block each other.

use super::definition::Cause;
use super::{styles, uvicorn};
use crate::judgement::{Judgement, Kind};
use crate::trace::{Evidence, Trace};

pub(super) const BLOCKED: Cause = Cause { applies: is_blocked, explanation: None, remedy: Some(remedy) };

/// Whether requests that shared an instance blocked each other: they were in their handlers together and left one after
/// the other, or the only instance served them one by one, in a handler of a style that blocks.
fn is_blocked(judgement: &Judgement) -> bool {
    let Judgement { findings, served, trace, .. } = judgement;
    // uvicorn's instances are processes and threads, not component instances.
    if uvicorn::is_uvicorn(trace) {
        return false;
    }
    let one_by_one = findings.overlap.as_ref().is_some_and(|overlap| overlap.at_once == 1);
    let in_one = *served == Kind::Sequential && findings.sharing.is_all_in_one(findings.answered);
    findings.sharing.batched || in_one && one_by_one && blocking_handler(trace).is_some()
}

fn remedy(judgement: &Judgement) -> String {
    let handler = blocking_handler(judgement.trace).unwrap_or_else(|| "The handler blocks".to_owned());
    let fullest = judgement.findings.sharing.fullest;
    format!(
        "{handler}; {fullest} requests shared one instance. Replace the blocking call by its async form, or run with \
         --max-instance-concurrent-reuse-count 1."
    )
}

/// Returns the handler and what it does, if all replies name the same handler and its style is known to block.
fn blocking_handler(trace: &Trace) -> Option<String> {
    let mut replies = trace.answered().map(|row| row.evidence.as_ref());
    let Evidence { endpoint, style, .. } = replies.next()??;
    if !replies.all(|reply| reply.is_some_and(|reply| reply.style == *style && reply.endpoint == *endpoint)) {
        return None;
    }
    let behaviour = styles::blocking_behaviour(style)?;
    // A reply is untrusted input: only a plain name is repeated.
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
    };
    let handler = if is_name(endpoint) { endpoint } else { "The handler" };
    Some(format!("{handler} {behaviour}"))
}
