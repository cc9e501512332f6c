//! What one burst says of the capacity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trace::{Outcome, Row, Trace};
use crate::units::{self, rounded};
use crate::verdict::effective_concurrency;

/// An answer that takes up to this many service times did not wait for another's: the geometric middle
/// between one service time and two, so that the service time may vary by a fifth and more.
const AT_ONCE: f64 = std::f64::consts::SQRT_2;
/// What the generator is late by, as a share of the service time, can't be what makes an answer late by
/// 0.41 of them; beyond this it might.
const BLUR: f64 = 0.2;
/// A generator that uses more of the machine than this can't be told from a slow server.
const BUSY: f64 = 0.9;
/// Requests that together take less than this share of what one took alone show that it was not typical.
const HASTY: f64 = 0.7;

/// A burst, all sent at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// How many requests it had, over a connection each.
    pub n: usize,
    /// What one request alone took, by what was known then, in milliseconds.
    pub service_ms: f64,
    /// How many got a whole answer with a 2xx status.
    pub answered: usize,
    /// How many of those came within 1.41 service times: they waited for no other.
    pub at_once: usize,
    /// How many the server turned away.
    pub refused: usize,
    /// How the first of them was turned away, such as `status 503`; null where none was.
    pub refusal: Option<String>,
    /// From the start to the last byte of the last good answer, in milliseconds; 0 where none came.
    pub makespan_ms: f64,
    /// The effective concurrency E: the answers' service times over the time in which any was on its way.
    pub effective: f64,
    /// How late the latest send was, in microseconds.
    pub start_skew_us: f64,
    /// Why it is not counted; null where it is.
    pub doubt: Option<String>,
}

impl Observation {
    /// What a trace of a burst says.
    pub fn of(trace: &Trace) -> Self {
        let enough_us = AT_ONCE * trace.service_ms * 1e3;
        let refusals = || trace.rows.iter().filter_map(refusal);
        let at_once = trace.answered().filter(|row| row.done_us <= enough_us).count();
        // Nothing makes answers come early: where all came at once, whatever disturbed the rest is no matter.
        let doubt = if at_once == trace.schedule.n { hasty(trace) } else { disturbed(trace) };
        Self {
            n: trace.schedule.n,
            service_ms: rounded(trace.service_ms, 3),
            answered: trace.answered().count(),
            at_once,
            refused: refusals().count(),
            refusal: refusals().next(),
            makespan_ms: rounded(trace.makespan_ms(), 3),
            effective: rounded(effective_concurrency(trace).unwrap_or(0.0), 3),
            start_skew_us: rounded(trace.start_skew_us(), 1),
            doubt,
        }
    }

    /// Whether it says anything.
    pub fn is_trusted(&self) -> bool {
        self.doubt.is_none()
    }

    /// Whether all were answered at once: the server takes so many.
    pub fn follows(&self) -> bool {
        self.at_once == self.n && self.is_trusted()
    }

    /// Whether it shows that one request alone takes less than was thought.
    pub fn is_hasty(&self) -> bool {
        self.at_once == self.n && self.n > 1 && !self.is_trusted()
    }
}

fn refusal(row: &Row) -> Option<String> {
    match &row.outcome {
        _ if row.is_ok() => None,
        Outcome::Failed(_) => None,
        Outcome::Answered(status) => Some(format!("status {status}")),
        Outcome::Rejected(fault) => Some(fault.text.clone()),
    }
}

/// Why a burst whose answers all came at once says nothing all the same.
fn hasty(trace: &Trace) -> Option<String> {
    let took_ms = trace.makespan_ms();
    (trace.schedule.n > 1 && took_ms < HASTY * trace.service_ms).then(|| {
        format!(
            "{} requests together took {}, less than one alone ({}), which was no typical one",
            trace.schedule.n,
            units::time(took_ms),
            units::time(trace.service_ms)
        )
    })
}

/// Why a burst that took long may not be the server's doing.
fn disturbed(trace: &Trace) -> Option<String> {
    let failed = trace.rows.iter().find_map(|row| match &row.outcome {
        Outcome::Failed(fault) => Some(&fault.text),
        _ => None,
    });
    if let Some(reason) = failed {
        return Some(format!("requests failed on the client's side ({reason})"));
    }
    let (skew_ms, lag_ms) = (trace.start_skew_us() / 1e3, trace.generator.lag_p99_us / 1e3);
    let (blur_ms, service) = (BLUR * trace.service_ms, units::time(trace.service_ms));
    if trace.schedule.n == 1 && trace.answered().count() == 1 {
        let took = units::time(trace.makespan_ms());
        return Some(format!("one request alone took {took}, more than the {service} by which it is judged"));
    }
    if skew_ms > blur_ms {
        let skew = units::time(skew_ms);
        return Some(format!("requests were sent up to {skew} late, and one alone takes only {service}"));
    }
    (trace.generator.cpu > BUSY || lag_ms > blur_ms).then(|| {
        format!(
            "the load generator was the bottleneck: it used {:.0} % of the processors, and its timers were \
             {} late, where a request alone takes {service}",
            trace.generator.cpu * 100.0,
            units::time(lag_ms)
        )
    })
}
