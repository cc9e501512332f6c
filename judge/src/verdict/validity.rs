//! When a measurement can't carry a verdict.

use super::findings::Findings;
use super::is_rejection;
use super::kind::{Kind, Shape};
use crate::trace::{Failures, Generator, Outcome, Trace};
use crate::units;

/// Fewer answers than this show no pattern.
const ANSWERS: usize = 3;
/// Skew and lag above this share of the service time blur it.
const BLUR: f64 = 0.1;

/// A generator that uses more of the machine than this can't be told from a slow server.
const BUSY: f64 = 0.9;
/// A burst that takes less than this share of the service time shows that the service time is wrong.
const FASTER: f64 = 0.8;

/// Whether what was measured may be the load generator itself, at an endpoint that takes `service_ms`.
pub fn is_bottleneck(generator: &Generator, service_ms: f64) -> bool {
    generator.cpu > BUSY || generator.lag_p99_us / 1e3 > BLUR * service_ms
}

/// Why the measurement can't carry a verdict, each in a sentence that says what to do; none where it can.
pub fn reasons(trace: &Trace, findings: &Findings) -> Vec<String> {
    let each =
        [unknown, coarse, failures, unsent, too_few, no_difference, too_quick, skew, connecting, bottleneck];
    each.iter().filter_map(|reason| reason(trace, findings)).collect()
}

fn unknown(trace: &Trace, _: &Findings) -> Option<String> {
    let known = trace.service_ms.is_finite() && trace.service_ms > 0.0;
    (!known).then(|| "what one request takes alone isn't known; give it by --service-ms".to_owned())
}

/// What is said where the quickest answer stands in for a request alone, and can't.
pub const STAND_IN: &str = "what one request takes alone isn't known, and without it answers that come together may \
    be parallel, slowed alike or held up for each other; give it by --service-ms";

/// Whether answers that come so can be told only by what one request takes alone: not those that come one by one, or in
/// waves, the first of which waited for nobody.
pub fn is_told_by_service(served: Kind, shape: Option<Shape>) -> bool {
    served != Kind::Inconclusive && !matches!(shape, Some(Shape::Staircase | Shape::Waves))
}

fn coarse(trace: &Trace, _: &Findings) -> Option<String> {
    let step_ms = trace.missing.resolution_us / 1e3;
    (step_ms > BLUR * trace.service_ms).then(|| {
        format!(
            "times are known in steps of {}, more than a tenth of the service time ({})",
            units::time(step_ms),
            units::time(trace.service_ms)
        )
    })
}

fn failures(trace: &Trace, _: &Findings) -> Option<String> {
    let mut failed = trace.rows.iter().filter(|row| matches!(row.outcome, Outcome::Failed(_)));
    let (count, all) = (failed.clone().count(), trace.rows.len());
    let Outcome::Failed(first) = &failed.by_ref().min_by_key(|row| row.i)?.outcome else { return None };
    Some(format!("{count} of {all} requests failed on the client's side ({})", first.text))
}

fn unsent(trace: &Trace, _: &Findings) -> Option<String> {
    let (rows, all) = (trace.rows.len(), trace.schedule.n);
    let became = if trace.missing.failures == Failures::Kept { "were sent" } else { "are there" };
    (rows < all).then(|| format!("only {rows} of {all} requests {became}"))
}

fn too_few(trace: &Trace, findings: &Findings) -> Option<String> {
    let all_rejected = !trace.rows.is_empty() && trace.rows.iter().all(is_rejection);
    (findings.answered < ANSWERS && !all_rejected).then(|| {
        let answers = match findings.answered {
            1 => "1 answer is".to_owned(),
            count => format!("{count} answers are"),
        };
        format!("{answers} too few; send at least {ANSWERS} requests")
    })
}

fn no_difference(trace: &Trace, findings: &Findings) -> Option<String> {
    let both = findings.offered <= 1 || findings.is_parallel() && findings.is_sequential();
    let what = match (trace.schedule.connections(), findings.offered) {
        (1, _) => "one connection sends one request at a time, whatever the server could do",
        (_, 1) => "each request came when the one before it must have been done",
        _ => "the burst is too small to tell one at a time from all at once",
    };
    (findings.answered >= ANSWERS && both).then(|| format!("{what}; send more at once"))
}

fn too_quick(trace: &Trace, findings: &Findings) -> Option<String> {
    (findings.answered > 0 && findings.makespan_ms < FASTER * trace.service_ms).then(|| {
        format!(
            "all requests together took less than one alone ({}): that was no typical one; \
             try again, or give the time by --service-ms",
            units::time(trace.service_ms)
        )
    })
}

fn skew(trace: &Trace, findings: &Findings) -> Option<String> {
    let late_ms = findings.late_us / 1e3;
    (late_ms > BLUR * trace.service_ms).then(|| {
        format!(
            "requests were sent up to {late_ms:.1} ms late, above a tenth of the service time ({:.1} ms); \
             send fewer, or test an endpoint that takes longer",
            trace.service_ms
        )
    })
}

/// Connections that are opened before the burst cost it nothing.
fn connecting(trace: &Trace, _: &Findings) -> Option<String> {
    let longest_ms = trace.answered().filter_map(|row| row.connect_us).fold(0.0, f64::max) / 1e3;
    (!trace.keep_alive && longest_ms > BLUR * trace.service_ms).then(|| {
        format!(
            "connecting took up to {}, above a tenth of the service time ({}), and it is part of what was \
             measured; keep connections alive, or test an endpoint that takes longer",
            units::time(longest_ms),
            units::time(trace.service_ms)
        )
    })
}

fn bottleneck(trace: &Trace, _: &Findings) -> Option<String> {
    is_bottleneck(&trace.generator, trace.service_ms).then(|| {
        format!(
            "the load generator was the bottleneck: it used {:.0} % of the processors, and its timers were {} late, \
             at an endpoint that takes {}; test one that takes longer, send fewer requests, or give it a machine of its own",
            trace.generator.cpu * 100.0,
            units::time(trace.generator.lag_p99_us / 1e3),
            units::time(trace.service_ms)
        )
    })
}
