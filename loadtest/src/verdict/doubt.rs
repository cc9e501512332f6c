//! When a measurement can't carry a verdict.

use super::{Findings, is_rejection};
use crate::trace::{Generator, Outcome, Trace};
use crate::units;

/// Fewer answers than this show no pattern.
const ANSWERS: usize = 3;
/// Skew and lag above this share of the service time blur it.
const BLUR: f64 = 0.1;

/// A generator that uses more of the machine than this can't be told from a slow server.
const BUSY: f64 = 0.9;
/// A burst that takes less than this share of the service time shows that the service time is wrong.
const FASTER: f64 = 0.8;

fn too_small(findings: &Findings) -> String {
    let what = match findings.connections {
        1 => "one connection sends one request at a time, whatever the server could do",
        _ => "the burst is too small to tell one at a time from all at once",
    };
    format!("{what}; send more at once")
}

/// Whether what was measured may be the load generator itself, at an endpoint that takes `service_ms`.
pub fn is_bottleneck(generator: &Generator, service_ms: f64) -> bool {
    generator.cpu > BUSY || generator.lag_p99_us / 1e3 > BLUR * service_ms
}

/// Why the measurement can't carry a verdict, each in a sentence that says what to do; none where it can.
pub fn reasons(trace: &Trace, findings: &Findings) -> Vec<String> {
    let mut reasons = Vec::new();
    let service_us = trace.service_ms * 1e3;

    let failed: Vec<&str> = trace
        .rows
        .iter()
        .filter_map(|row| match &row.outcome {
            Outcome::Failed(fault) => Some(fault.text.as_str()),
            _ => None,
        })
        .collect();
    if let Some(first) = failed.first() {
        reasons.push(format!(
            "{} of {} requests failed on the client's side ({first})",
            failed.len(),
            trace.rows.len()
        ));
    }
    if trace.rows.len() < trace.schedule.n {
        reasons.push(format!("only {} of {} requests were sent", trace.rows.len(), trace.schedule.n));
    }
    let all_rejected = !trace.rows.is_empty() && trace.rows.iter().all(|row| is_rejection(row));
    if findings.answered < ANSWERS && !all_rejected {
        reasons.push(format!("{} answers are too few; send at least {ANSWERS} requests", findings.answered));
    }
    if findings.answered >= ANSWERS && findings.is_parallel() && findings.is_sequential() {
        reasons.push(too_small(findings));
    }
    if findings.answered > 0 && findings.makespan_ms < FASTER * trace.service_ms {
        reasons.push(format!(
            "all requests together took less than one alone ({}): that was no typical one; try again, or give the time by --service-ms",
            units::time(trace.service_ms)
        ));
    }
    let skew_us = trace.start_skew_us();
    if skew_us > BLUR * service_us {
        reasons.push(format!(
            "requests were sent up to {:.1} ms late, above a tenth of the service time ({:.1} ms); \
             send fewer, or test an endpoint that takes longer",
            skew_us / 1e3,
            trace.service_ms
        ));
    }
    if is_bottleneck(&trace.generator, trace.service_ms) {
        reasons.push(format!(
            "the load generator was the bottleneck: it used {:.0} % of the processors, and its timers were {} late, \
             at an endpoint that takes {}; test one that takes longer, send fewer requests, or give it a machine of its own",
            trace.generator.cpu * 100.0,
            units::time(trace.generator.lag_p99_us / 1e3),
            units::time(trace.service_ms)
        ));
    }
    reasons
}
