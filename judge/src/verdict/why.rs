//! The verdict in plain words. No cause is claimed without evidence for it.

use std::collections::BTreeMap;

use super::confidence::CrossCheck;
use super::findings::Findings;
use super::kind::{Kind, Shape};
use super::sharing::Sharing;
use super::{Judgement, is_rejection, remedy};
use crate::trace::{Outcome, Trace};
use crate::units;

/// What was seen, and what explains it: by the replies where they show that, else by what could.
pub fn why(judgement: &Judgement) -> String {
    let Judgement { findings, served, reasons, .. } = judgement;
    let mut sentences = Vec::new();
    sentences.extend(refused(judgement));
    if findings.answered > 0 {
        sentences.push(times(findings));
    }
    if !reasons.is_empty() {
        sentences.push(format!("No verdict: {}.", reasons.join("; ")));
        return sentences.join(" ");
    }
    sentences.extend(pattern(judgement));
    sentences.extend(cause(&findings.sharing, *served));
    sentences.extend(findings.hosts.told());
    sentences.extend(remedy::explanation(judgement));
    sentences.extend(inside(judgement));
    sentences.join(" ")
}

fn refused(judgement: &Judgement) -> Option<String> {
    let Judgement { findings, trace, .. } = judgement;
    if findings.rejected == 0 {
        return None;
    }
    let cap = match remedy::is_capped(judgement) {
        true => format!(" It took {} at once, and turned the rest away.", findings.answered),
        false => String::new(),
    };
    let (answered, refused) = (findings.answered, findings.rejected);
    Some(format!("{answered} answered, {refused} refused ({}).{cap}", commonest_refusal(trace)))
}

fn times(findings: &Findings) -> String {
    format!(
        "{} requests took {} in all, one alone takes {}.",
        findings.answered,
        units::time(findings.makespan_ms),
        units::time(findings.service_ms)
    )
}

fn pattern(judgement: &Judgement) -> Option<String> {
    match (judgement.served, judgement.shape) {
        (_, Some(Shape::Batched)) => None, // its cause says it better
        (Kind::Sequential, Some(Shape::Staircase)) => Some("They were answered one by one.".into()),
        (Kind::Limited, Some(Shape::Waves)) => judgement.range.map(|range| {
            let doubt = if range.low < range.high {
                format!(" ({} to {})", range.low, range.high)
            } else {
                String::new()
            };
            format!("They were answered {} at a time{doubt}.", range.k)
        }),
        (_, Some(Shape::Stretched)) => Some(
            "All took about as long: they shared something, such as a processor, or waited for each other."
                .into(),
        ),
        _ => None,
    }
}

/// What the handlers' own times add to that.
fn inside(judgement: &Judgement) -> Option<String> {
    let all = judgement.findings.overlap.as_ref()?.all;
    match judgement.cross_check {
        CrossCheck::Agrees if judgement.served == Kind::Limited => {
            Some(format!("Never were more than {all} inside a handler at once."))
        }
        CrossCheck::Disagrees => Some(format!(
            "But by the handlers' own times, up to {all} were inside at once, which doesn't agree with that."
        )),
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

/// Why most of those were that the server rejected.
fn commonest_refusal(trace: &Trace) -> String {
    let mut refusals: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in trace.rows.iter().filter(|row| is_rejection(row)).map(|row| &row.outcome) {
        let reason = match outcome {
            Outcome::Answered(status) => format!("status {status}"),
            Outcome::Rejected(fault) | Outcome::Failed(fault) => fault.text.clone(),
        };
        *refusals.entry(reason).or_default() += 1;
    }
    refusals.into_iter().max_by_key(|(_, count)| *count).map(|(reason, _)| reason).unwrap_or_default()
}
