//! Whether a measurement supports a verdict.

use super::confidence::Confidence;
use super::shape::Shape;
use super::steps;
use crate::findings::Findings;
use crate::kind::Kind;
use crate::trace::{Ending, ErrorKind, Failures, Generator, Outcome, Trace};
use crate::units;

/// Fewer answers than this show no pattern.
const MIN_ANSWERS: usize = 3;
/// Fewer answers than this don't show that requests are served one at a time, if others got no connection.
const MIN_IN_A_ROW: usize = 5;
/// Times that are inaccurate by more than this share of the service time support no verdict.
const MAX_ERROR: f64 = 0.1;
/// A generator that uses more than this share of the processors can't be told from a slow server.
const MAX_CPU: f64 = 0.9;
/// If timers are late while the generator uses less than this share of the processors, others keep the machine busy.
const LITTLE_CPU: f64 = 0.5;
/// A server that answers all requests at once leaves at most this share of them unanswered.
const MAX_UNANSWERED: f64 = 0.05;
/// A burst that takes less than this share of the service time shows that the service time is wrong.
const TOO_QUICK: f64 = 0.8;

/// The reason if the service time is unknown, and the quickest answer can't stand in for it.
pub(crate) const NO_SERVICE_TIME: &str = "the service time of one request alone is unknown; without it, answers that \
    come together may be parallel, slowed alike or held up by each other; give it by --service-ms";

/// A check: returns the reason why the measurement supports no verdict, and what to do.
type Check = fn(&Trace, &Findings) -> Option<String>;

const CHECKS: [Check; 11] = [
    unknown_service_time,
    coarse_times,
    client_failures,
    unanswered,
    unsent,
    too_few,
    no_difference,
    too_quick,
    late_sends,
    connecting,
    bottleneck,
];

/// Whether the load generator, or its machine, may have been the bottleneck of a burst at an endpoint with this service
/// time. A verdict that rests on plain steps may hold nevertheless.
pub fn is_bottleneck(generator: &Generator, service_ms: f64) -> bool {
    generator.cpu > MAX_CPU || generator.lag_p99_us / 1e3 > MAX_ERROR * service_ms
}

/// Whether times that are late by so much may change the verdict. They are compared with the steps of the completions, if
/// these are plain, and else with the service time.
fn is_decisive(late_ms: f64, trace: &Trace) -> bool {
    is_noticeable(late_ms, trace) && steps::largest_lateness_ms(trace).is_none_or(|most| late_ms > most)
}

fn is_noticeable(late_ms: f64, trace: &Trace) -> bool {
    late_ms > MAX_ERROR * trace.service_ms
}

/// Returns the highest confidence for a measurement that was disturbed, though not so much that its verdict may change.
pub(super) fn limit(trace: &Trace, findings: &Findings) -> Confidence {
    let disturbed = is_bottleneck(&trace.generator, trace.service_ms)
        || is_noticeable(findings.late_us / 1e3, trace)
        || trace.rows.iter().any(|row| row.ending() == Ending::FailedAtClient);
    if disturbed { Confidence::Medium } else { Confidence::High }
}

/// Returns the reasons why the measurement supports no verdict, each with what to do.
pub(super) fn reasons(trace: &Trace, findings: &Findings) -> Vec<String> {
    CHECKS.iter().filter_map(|check| check(trace, findings)).collect()
}

/// Whether only the service time can tell how such a burst was served.
pub(super) fn needs_service_time(served: Kind, shape: Option<Shape>) -> bool {
    served != Kind::Inconclusive && !shape.is_some_and(Shape::shows_service_time)
}

fn unknown_service_time(trace: &Trace, _: &Findings) -> Option<String> {
    let known = trace.service_ms.is_finite() && trace.service_ms > 0.0;
    (!known).then(|| "the service time of one request alone is unknown; give it by --service-ms".to_owned())
}

fn coarse_times(trace: &Trace, _: &Findings) -> Option<String> {
    let step_ms = trace.missing.resolution_us / 1e3;
    (step_ms > MAX_ERROR * trace.service_ms).then(|| {
        format!(
            "the times have steps of {}, more than a tenth of the service time ({})",
            units::time(step_ms),
            units::time(trace.service_ms)
        )
    })
}

/// Requests without a connection don't matter if the others were served one at a time: more requests at once would not have been
/// served faster.
fn client_failures(trace: &Trace, findings: &Findings) -> Option<String> {
    if is_one_at_a_time(findings) && is_unaccepted_only(trace) {
        return None;
    }
    let failed = || trace.rows.iter().filter(|row| row.ending() == Ending::FailedAtClient);
    let Outcome::Failed(first) = &failed().min_by_key(|row| row.i)?.outcome else { return None };
    let (count, all) = (failed().count(), units::requests(trace.rows.len()));
    let what =
        if first.kind.is_of_connecting() { "got no connection" } else { "failed on the client's side" };
    Some(format!("{count} of {all} {what} ({})", first.text))
}

fn is_one_at_a_time(findings: &Findings) -> bool {
    findings.answered >= MIN_IN_A_ROW && findings.is_sequential() && !findings.is_parallel()
}

/// Whether all requests that failed at the client's side are those whose connection the server didn't accept in time.
fn is_unaccepted_only(trace: &Trace) -> bool {
    let mut failed = trace.rows.iter().filter(|row| row.ending() == Ending::FailedAtClient);
    failed
        .all(|row| matches!(&row.outcome, Outcome::Failed(fault) if fault.kind == ErrorKind::ConnectTimeout))
}

/// Requests that timed out are observations: their answers would have come later. But answers that came all at once
/// don't tell whether the others were waiting or lost.
fn unanswered(_: &Trace, findings: &Findings) -> Option<String> {
    let (answered, unanswered) = (findings.answered, findings.unanswered);
    let many = unanswered > 1 && unanswered as f64 > MAX_UNANSWERED * answered as f64;
    (unanswered > 0 && answered >= MIN_ANSWERS && many && findings.is_parallel()).then(|| {
        format!(
            "{answered} requests were answered at once, and {unanswered} were not answered in their time; allow more \
             time for an answer (-t)"
        )
    })
}

fn unsent(trace: &Trace, _: &Findings) -> Option<String> {
    let (rows, all) = (trace.rows.len(), trace.schedule.n);
    let state = if trace.missing.failures == Failures::Kept { "were sent" } else { "are in the trace" };
    (rows < all).then(|| format!("only {rows} of {} {state}", units::requests(all)))
}

fn too_few(trace: &Trace, findings: &Findings) -> Option<String> {
    let all_refused = !trace.rows.is_empty() && findings.rejected == trace.rows.len();
    (findings.answered < MIN_ANSWERS && !all_refused).then(|| {
        let answers = match findings.answered {
            1 => "1 answer is".to_owned(),
            count => format!("{count} answers are"),
        };
        let what = match findings {
            _ if !trace.is_reached() => {
                "no request reached the server: check the address, and that the server runs".to_owned()
            }
            Findings { unanswered: 1.., .. } => "allow more time for an answer (-t)".to_owned(),
            Findings { failed: 1.., .. } => {
                "check what the endpoint answers, or allow its status (--status)".to_owned()
            }
            _ => format!("send at least {MIN_ANSWERS} requests"),
        };
        format!("{answers} too few; {what}")
    })
}

fn no_difference(trace: &Trace, findings: &Findings) -> Option<String> {
    let both = findings.offered <= 1 || findings.is_parallel() && findings.is_sequential();
    let why = match (trace.schedule.connections(), findings.offered) {
        (1, _) => "one connection sends one request at a time, whatever the server can do",
        (_, 1) => "each request came after the previous request was done",
        _ => "the burst is too small to tell one at a time from all at once",
    };
    (findings.answered >= MIN_ANSWERS && both).then(|| format!("{why}; send more requests at once"))
}

fn too_quick(trace: &Trace, findings: &Findings) -> Option<String> {
    (findings.answered > 0 && findings.makespan_ms < TOO_QUICK * trace.service_ms).then(|| {
        format!(
            "all requests together took less than one request alone ({}), which was not typical; try again, or give the \
             service time by --service-ms",
            units::time(trace.service_ms)
        )
    })
}

fn late_sends(trace: &Trace, findings: &Findings) -> Option<String> {
    let late_ms = findings.late_us / 1e3;
    is_decisive(late_ms, trace).then(|| {
        format!(
            "requests were sent up to {late_ms:.1} ms late, more than a tenth of the service time ({:.1} ms); send fewer \
             requests, or test an endpoint that takes longer",
            trace.service_ms
        )
    })
}

/// Connections that are opened before the burst don't matter.
fn connecting(trace: &Trace, _: &Findings) -> Option<String> {
    let longest_ms = trace.answered().filter_map(|row| row.connect_us).fold(0.0, f64::max) / 1e3;
    (!trace.keep_alive && longest_ms > MAX_ERROR * trace.service_ms).then(|| {
        format!(
            "connecting took up to {}, more than a tenth of the service time ({}), and the measured times include it; keep \
             connections alive, or test an endpoint that takes longer",
            units::time(longest_ms),
            units::time(trace.service_ms)
        )
    })
}

fn bottleneck(trace: &Trace, _: &Findings) -> Option<String> {
    let Generator { cpu, lag_p99_us } = trace.generator;
    let late_ms = lag_p99_us / 1e3;
    let is_saturated = cpu > MAX_CPU && steps::largest_lateness_ms(trace).is_none_or(|most| late_ms > most);
    if !is_saturated && !is_decisive(late_ms, trace) {
        return None;
    }
    let (cpu, late, service) = (cpu * 100.0, units::time(late_ms), units::time(trace.service_ms));
    Some(if cpu < LITTLE_CPU * 100.0 {
        format!(
            "the machine was busy: timers were {late} late though the generator used {cpu:.0} % of the processors, at an \
             endpoint that takes {service}; try again when the machine is idle, test an endpoint that takes longer, or \
             give the generator a machine of its own"
        )
    } else {
        format!(
            "the load generator was the bottleneck: it used {cpu:.0} % of the processors, and its timers were {late} \
             late, at an endpoint that takes {service}; test an endpoint that takes longer, send fewer requests, or give \
             the generator a machine of its own"
        )
    })
}
