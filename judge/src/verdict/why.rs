//! The verdict in sentences. No cause is claimed without evidence for it.

use std::collections::BTreeMap;

use super::failures;
use super::pattern::Pattern;
use crate::cause;
use crate::evidence::{Hosts, Sharing, WarmPool};
use crate::findings::Findings;
use crate::judgement::{CrossCheck, Judgement, Kind, is_bottleneck};
use crate::refusal::Refusals;
use crate::stats::percentile;
use crate::trace::{Ending, Outcome, Trace};
use crate::units;

/// A smaller share of an answer's time is not worth a sentence.
const CLEAR_SHARE: f64 = 0.1;

/// Returns what was measured, and what explains it: if no mechanism `is_named`, what the answers look like.
pub(super) fn why(judgement: &Judgement, is_named: bool) -> String {
    let Judgement { findings, served, shape, range, reasons, .. } = judgement;
    let mut sentences = Vec::new();
    sentences.extend(refused(judgement));
    sentences.extend(failed(judgement));
    sentences.extend(unanswered(judgement));
    if reasons.is_empty() {
        sentences.extend(unaccepted(judgement.trace));
    }
    if findings.answered > 0 {
        sentences.push(times(findings));
    }
    if !is_named {
        sentences.extend(answers(judgement));
    }
    if !reasons.is_empty() {
        sentences.push(format!("No verdict: {}.", reasons.join("; ")));
        return sentences.join(" ");
    }
    sentences.extend(shape.and_then(|shape| shape.sentence(*served, *range)));
    sentences.extend(pace(judgement));
    sentences.extend(offered(judgement));
    sentences.extend(instances(&findings.sharing, *served));
    sentences.extend(warm_pool(judgement));
    sentences.extend(hosts(&findings.hosts));
    sentences.extend(own_time(judgement));
    sentences.extend(before_handler(judgement));
    sentences.extend(cause::explanation(judgement));
    sentences.extend(handlers(judgement));
    sentences.join(" ")
}

fn refused(judgement: &Judgement) -> Option<String> {
    let Judgement { findings, trace, .. } = judgement;
    if findings.rejected == 0 {
        return None;
    }
    let (answered, refused) = (findings.answered, findings.rejected);
    let refusal = commonest(trace, Ending::Refused);
    let refusals = findings.refusals.as_ref();
    if let Some(share) = refusals.and_then(Refusals::random_share) {
        let share = 100.0 * share;
        return Some(format!(
            "{answered} answered, {refused} failed ({refusal}): {share:.0} % failed at random, whatever the load."
        ));
    }
    let cap = match judgement.is_capped() {
        true => format!(" The server took {answered} at once, and refused the rest."),
        false => refusals.and_then(Refusals::sentence).unwrap_or_default(),
    };
    Some(format!("{answered} answered, {refused} refused ({refusal}).{cap}"))
}

/// Returns how many requests were not answered in their time, and whose doing that is: the server's, unless the generator was
/// late.
fn unanswered(judgement: &Judgement) -> Option<String> {
    let Judgement { findings, trace, .. } = judgement;
    let unanswered = || trace.rows.iter().filter(|row| row.ending() == Ending::Unanswered);
    let doing = match is_bottleneck(&trace.generator, trace.service_ms) {
        true => "The load generator was busy, too, so that the server may not be the cause",
        false => "The server took longer; -t allows more time",
    };
    (findings.unanswered > 0).then(|| {
        format!(
            "{} of {} {} not answered in their time ({}). {doing}.",
            findings.unanswered,
            units::requests(trace.rows.len()),
            if findings.unanswered == 1 { "was" } else { "were" },
            failures::told(unanswered())
        )
    })
}

/// Returns how many requests got no connection, though the verdict holds without them.
fn unaccepted(trace: &Trace) -> Option<String> {
    let count = trace.rows.iter().filter(|row| row.ending() == Ending::FailedAtClient).count();
    (count > 0).then(|| {
        format!(
            "{count} of {} got no connection in time, and are not part of the verdict: all connections are opened before the burst, \
             and this server accepts the next one only after it is done with the one before.",
            units::requests(trace.rows.len())
        )
    })
}

/// Returns how many requests failed at the server for a reason that load doesn't explain, and how.
fn failed(judgement: &Judgement) -> Option<String> {
    let Judgement { findings, trace, .. } = judgement;
    let reasons = || failures::told(trace.rows.iter().filter(|row| findings.is_failure(row)));
    let (failed, all) = (findings.failed, units::requests(trace.rows.len()));
    (failed > 0).then(|| format!("{failed} of {all} failed ({}).", reasons()))
}

fn times(findings: &Findings) -> String {
    format!(
        "{} took {} in total; one request alone takes {}.",
        units::requests(findings.answered),
        units::time(findings.makespan_ms),
        units::time(findings.service_ms)
    )
}

/// Returns what the answers look like. Times count from the first arrival.
fn answers(judgement: &Judgement) -> Option<String> {
    let Judgement { findings, served, trace, .. } = judgement;
    let done = || trace.answered().map(|row| row.done_us / 1e3);
    let start = done().max_by(f64::total_cmp)? - findings.makespan_ms;
    let pattern = Pattern::of(done().map(|done| done - start)).filter(|_| *served != Kind::Parallel)?;
    Some(pattern.to_string())
}

/// Returns how the handlers' own times agree with the verdict.
fn handlers(judgement: &Judgement) -> Option<String> {
    let count = &judgement.findings.overlap.as_ref()?.at_once;
    match judgement.cross_check {
        CrossCheck::Agrees if judgement.served == Kind::Limited => {
            let were = if *count == 1 { "was" } else { "were" };
            Some(format!("At most {} {were} in a handler at once.", units::requests(*count)))
        }
        CrossCheck::Disagrees => Some(format!(
            "But the handlers' own times contradict this: up to {count} requests were in a handler at once."
        )),
        _ => None,
    }
}

/// Returns the pace of the answers if a rate limits them.
fn pace(judgement: &Judgement) -> Option<String> {
    let mechanism = judgement.mechanism().filter(|mechanism| mechanism.is_rate())?;
    let per_second = mechanism.parameters.per_second.filter(|_| judgement.served == Kind::Limited)?;
    Some(format!(
        "They were answered one every {}, {}, however many are sent.",
        units::time(1e3 / per_second),
        units::rate(per_second)
    ))
}

/// Returns how many requests a parallel burst had in the server at once, if connections kept it from more: the burst can't show a
/// limit above this number.
fn offered(judgement: &Judgement) -> Option<String> {
    let Judgement { findings, served, trace, .. } = judgement;
    let offered = findings.offered;
    let is_bound = offered < findings.answered && offered == trace.schedule.connections();
    (*served == Kind::Parallel && is_bound).then(|| {
        format!("At most {offered} requests were in the server at once, one over each connection; more may meet a limit.")
    })
}

/// Returns how the requests shared instances.
fn instances(sharing: &Sharing, served: Kind) -> Option<String> {
    let Sharing { known, instances, fullest, took_turns, turn_ms, batched } = sharing;
    let shared = if *instances == 1 {
        format!("One instance served all {known} requests")
    } else {
        format!("{known} requests shared {instances} instances, up to {fullest} in one instance")
    };
    let each = units::time(*turn_ms);
    Some(match (served, *took_turns) {
        _ if *batched => format!(
            "{shared}; {took_turns} of them were in a handler together and blocked each other in turn, {each} each. Their \
             answers came when the last request was done."
        ),
        _ if *known == 0 => return None,
        _ if sharing.is_fresh() => "Each request had an instance of its own.".to_owned(),
        (Kind::Parallel, 0) => format!("{shared}; none blocked another."),
        (_, 0) => format!("{shared}."),
        (_, turns) => format!("{shared}; {turns} of them blocked each other in turn, {each} each."),
    })
}

/// Returns how warm and fresh instances shared a burst that was served in parallel.
fn warm_pool(judgement: &Judgement) -> Option<String> {
    let WarmPool { size, fresh } =
        judgement.findings.warm_pool.filter(|_| judgement.served == Kind::Parallel)?;
    let warm =
        if size == 1 { "One instance was warm".to_owned() } else { format!("{size} instances were warm") };
    Some(format!(
        "{warm} and served one request after the other; {fresh} requests had a fresh instance each."
    ))
}

/// Returns how long the server says that it took for a request; `None` if an answer doesn't say it, or nothing waited.
fn own_time(judgement: &Judgement) -> Option<String> {
    if judgement.served == Kind::Parallel {
        return None;
    }
    let mut times: Vec<f64> =
        judgement.trace.answered().map(|row| row.server_time_us).collect::<Option<_>>()?;
    times.sort_by(f64::total_cmp);
    let median = percentile(&times, 0.5)?;
    Some(format!("By its own header, the server took {} for a request (median).", units::time(median / 1e3)))
}

/// Returns how much of the last answer's time passed before its handler, by the server's own record; `None` if that is little.
fn before_handler(judgement: &Judgement) -> Option<String> {
    let answers = judgement.trace.answered().filter(|row| row.phases.is_some());
    let last = answers.max_by(|a, b| a.done_us.total_cmp(&b.done_us))?;
    let (phases, took_us) = last.phases.zip(last.latency_us())?;
    let spent = [(phases.queue_us, "waiting for an instance"), (phases.start_us, "starting its instance")];
    let spent: Vec<String> = spent
        .into_iter()
        .filter(|(us, _)| *us >= CLEAR_SHARE * took_us)
        .map(|(us, on)| format!("{} went into {on}", units::time(us / 1e3)))
        .collect();
    let took = units::time(took_us / 1e3);
    (!spent.is_empty()).then(|| format!("Of the {took} that the last answer took, {}.", spent.join(", and ")))
}

/// Returns how the requests were spread over hosts; `None` if the replies name no hosts.
fn hosts(hosts: &Hosts) -> Option<String> {
    let Hosts { count, fullest, in_handler } = hosts;
    match count {
        0 => None,
        1 => Some("One host served all requests.".to_owned()),
        _ => {
            let spread = format!("The requests were spread over {count} hosts, up to {fullest} on one host.");
            Some(match in_handler {
                Some(most) => {
                    format!("{spread} On each host, at most {most} requests were in a handler at once.")
                }
                None => spread,
            })
        }
    }
}

/// Returns what most requests with this ending got instead of a good answer.
fn commonest(trace: &Trace, ending: Ending) -> String {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for row in trace.rows.iter().filter(|row| row.ending() == ending) {
        let reason = match &row.outcome {
            Outcome::Answered(status) => format!("status {status}"),
            Outcome::Rejected(fault) | Outcome::Failed(fault) => fault.text.clone(),
        };
        *reasons.entry(reason).or_default() += 1;
    }
    reasons.into_iter().max_by_key(|(_, count)| *count).map(|(reason, _)| reason).unwrap_or_default()
}
