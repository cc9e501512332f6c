//! Whether a measurement supports a verdict.

use super::kind::Kind;
use super::shape::Shape;
use crate::findings::Findings;
use crate::trace::{Failures, Generator, Outcome, Row, Trace};
use crate::units;

/// Fewer answers than this show no pattern.
const MIN_ANSWERS: usize = 3;
/// Times that are inaccurate by more than this share of the service time support no verdict.
const MAX_ERROR: f64 = 0.1;
/// A generator that uses more than this share of the processors can't be told from a slow server.
const MAX_CPU: f64 = 0.9;
/// A burst that takes less than this share of the service time shows that the service time is wrong.
const TOO_QUICK: f64 = 0.8;

/// The reason if the service time is unknown, and the quickest answer can't stand in for it.
pub(super) const NO_SERVICE_TIME: &str = "the service time of one request alone is unknown; without it, answers that \
    come together may be parallel, slowed alike or held up by each other; give it by --service-ms";

/// A check: returns the reason why the measurement supports no verdict, and what to do.
type Check = fn(&Trace, &Findings) -> Option<String>;

const CHECKS: [Check; 10] = [
    unknown_service_time,
    coarse_times,
    client_failures,
    unsent,
    too_few,
    no_difference,
    too_quick,
    late_sends,
    connecting,
    bottleneck,
];

/// Whether the load generator may have been the bottleneck of a burst at an endpoint with this service time.
pub fn is_bottleneck(generator: &Generator, service_ms: f64) -> bool {
    generator.cpu > MAX_CPU || generator.lag_p99_us / 1e3 > MAX_ERROR * service_ms
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

fn client_failures(trace: &Trace, _: &Findings) -> Option<String> {
    let mut failed = trace.rows.iter().filter(|row| matches!(row.outcome, Outcome::Failed(_)));
    let (count, all) = (failed.clone().count(), trace.rows.len());
    let Outcome::Failed(first) = &failed.by_ref().min_by_key(|row| row.i)?.outcome else { return None };
    Some(format!("{count} of {all} requests failed on the client's side ({})", first.text))
}

fn unsent(trace: &Trace, _: &Findings) -> Option<String> {
    let (rows, all) = (trace.rows.len(), trace.schedule.n);
    let state = if trace.missing.failures == Failures::Kept { "were sent" } else { "are in the trace" };
    (rows < all).then(|| format!("only {rows} of {all} requests {state}"))
}

fn too_few(trace: &Trace, findings: &Findings) -> Option<String> {
    let all_rejected = !trace.rows.is_empty() && trace.rows.iter().all(Row::is_rejected);
    (findings.answered < MIN_ANSWERS && !all_rejected).then(|| {
        let answers = match findings.answered {
            1 => "1 answer is".to_owned(),
            count => format!("{count} answers are"),
        };
        format!("{answers} too few; send at least {MIN_ANSWERS} requests")
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
    (late_ms > MAX_ERROR * trace.service_ms).then(|| {
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
    is_bottleneck(&trace.generator, trace.service_ms).then(|| {
        format!(
            "the load generator was the bottleneck: it used {:.0} % of the processors, and its timers were {} late, at an \
             endpoint that takes {}; test an endpoint that takes longer, send fewer requests, or give the generator a \
             machine of its own",
            trace.generator.cpu * 100.0,
            units::time(trace.generator.lag_p99_us / 1e3),
            units::time(trace.service_ms)
        )
    })
}
