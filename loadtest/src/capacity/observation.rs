//! What one burst says of the capacity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trace::{Outcome, Trace};
use crate::units::{self, rounded};
use crate::verdict::{self, Kind};

/// An answer that takes up to this many service times did not wait for another's: the geometric middle
/// between one service time and two, so that the service time may vary by a fifth and more.
const AT_ONCE: f64 = std::f64::consts::SQRT_2;
/// A start skew above this share of the service time blurs the burst.
const SKEW: f64 = 0.1;
/// The judge sees no pattern in fewer answers.
const JUDGED: usize = 3;

/// A burst, all sent at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// How many requests it had, over a connection each.
    pub n: usize,
    /// How many got a whole answer with a 2xx status.
    pub answered: usize,
    /// How many of those came within 1.41 service times: they waited for no other.
    pub at_once: usize,
    /// How many the server turned away.
    pub refused: usize,
    /// How the first of them was turned away, such as `status 503`.
    pub refusal: Option<String>,
    /// From the start to the last byte of the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// The effective concurrency E: the answers' service times over the makespan.
    pub effective: f64,
    /// The judge's verdict; null where the burst is too small for one.
    pub kind: Option<Kind>,
    /// How late the latest send was, in microseconds.
    pub start_skew_us: f64,
    /// Why it can't be trusted where it took long; null where it can.
    pub doubt: Option<String>,
}

impl Observation {
    /// What a trace of a burst says.
    pub fn of(trace: &Trace) -> Self {
        let enough_us = AT_ONCE * trace.service_ms * 1e3;
        let refusals = || trace.rows.iter().filter_map(|row| refusal(&row.outcome));
        Self {
            n: trace.schedule.n,
            answered: trace.answered().count(),
            at_once: trace.answered().filter(|row| row.done_us <= enough_us).count(),
            refused: refusals().count(),
            refusal: refusals().next(),
            makespan_ms: rounded(trace.makespan_ms(), 3),
            effective: rounded(effective_concurrency(trace), 3),
            kind: (trace.schedule.n >= JUDGED).then(|| verdict::judge(trace).kind),
            start_skew_us: rounded(trace.start_skew_us(), 1),
            doubt: doubt(trace),
        }
    }

    /// Whether all were answered at once. That shows that the server takes so many, whatever disturbed the
    /// measurement: nothing makes answers come early.
    pub fn follows(&self) -> bool {
        self.at_once == self.n
    }

    /// Whether it says anything: a disturbed burst that took long does not.
    pub fn is_trusted(&self) -> bool {
        self.follows() || self.doubt.is_none()
    }
}

/// n s over the makespan, of those that were answered.
fn effective_concurrency(trace: &Trace) -> f64 {
    let makespan_ms = trace.makespan_ms();
    if makespan_ms > 0.0 { trace.answered().count() as f64 * trace.service_ms / makespan_ms } else { 0.0 }
}

fn refusal(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Answered(200..=299) | Outcome::Failed(_) => None,
        Outcome::Answered(status) => Some(format!("status {status}")),
        Outcome::Rejected(error) => Some(error.clone()),
    }
}

/// Why a burst that took long may not be the server's doing.
fn doubt(trace: &Trace) -> Option<String> {
    let failed = trace.rows.iter().find_map(|row| match &row.outcome {
        Outcome::Failed(reason) => Some(reason),
        _ => None,
    });
    let skew_ms = trace.start_skew_us() / 1e3;
    let service = units::time(trace.service_ms);
    if let Some(reason) = failed {
        Some(format!("requests failed on the client's side ({reason})"))
    } else if trace.rows.len() < trace.schedule.n {
        Some(format!("only {} of {} requests were sent", trace.rows.len(), trace.schedule.n))
    } else if skew_ms > SKEW * trace.service_ms {
        let skew = units::time(skew_ms);
        Some(format!("requests were sent up to {skew} late, above a tenth of what one takes alone ({service})"))
    } else if verdict::is_bottleneck(&trace.generator, trace.service_ms) {
        Some(format!(
            "the load generator was the bottleneck: it used {:.0} % of the processors, and its timers were \
             {} late, where a request alone takes {service}",
            trace.generator.cpu * 100.0,
            units::time(trace.generator.lag_p99_us / 1e3)
        ))
    } else {
        None
    }
}
