//! What one burst shows of the capacity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::firing::{Firing, Purpose};
use crate::mechanism::Mechanism;
use crate::trace::{Outcome, Row, Trace};
use crate::units::{self, rounded};
use crate::verdict::{Confidence, Kind, Verdict, effective_concurrency};

/// An answer within this many service times waited for no other: the geometric mean of one service time and two, so that
/// service times may vary by a fifth and more.
const AT_ONCE: f64 = std::f64::consts::SQRT_2;
/// The largest delay of the generator, as a share of the service time: it is well below the 0.41 service times by which
/// [`AT_ONCE`] exceeds one.
const MAX_ERROR: f64 = 0.2;
/// A generator that uses more than this share of the processors can't be told from a slow server.
const MAX_CPU: f64 = 0.9;
/// If several requests take less than this share of the service time, it was not typical.
const TOO_QUICK: f64 = 0.7;

/// What the judge says of one burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judged {
    /// How the burst was served.
    pub kind: Kind,
    /// How sure that is.
    pub confidence: Confidence,
    /// The number of requests that were served at a time; null if it is unknown.
    pub at_a_time: Option<f64>,
    /// The smallest possible value of `at_a_time`.
    pub at_a_time_low: Option<f64>,
    /// The largest possible value of `at_a_time`.
    pub at_a_time_high: Option<f64>,
    /// Why it was served so; null if no mechanism is probable enough.
    pub mechanism: Option<Mechanism>,
}

impl Judged {
    fn of(verdict: &Verdict) -> Self {
        let verdict = verdict.clone().rounded();
        Self {
            kind: verdict.kind,
            confidence: verdict.confidence,
            at_a_time: verdict.at_a_time,
            at_a_time_low: verdict.at_a_time_low,
            at_a_time_high: verdict.at_a_time_high,
            mechanism: verdict.mechanism,
        }
    }
}

/// A burst of requests that were all sent at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The number of requests, over a connection each.
    pub n: usize,
    /// The service time by which the burst is judged, in milliseconds.
    pub service_ms: f64,
    /// The number of requests with a whole answer and a good status.
    pub answered: usize,
    /// The number of these answers that came within 1.41 service times: they waited for no other.
    pub at_once: usize,
    /// The time of the first good answer, in milliseconds; null if there is none.
    #[serde(default)]
    pub first_ms: Option<f64>,
    /// The time of the first good answer that came later than at once, in milliseconds; null if there is none.
    #[serde(default)]
    pub next_ms: Option<f64>,
    /// The number of requests that the server refused.
    pub refused: usize,
    /// How the server refused the first of them, such as `status 503`; null if it refused none.
    pub refusal: Option<String>,
    /// The time from the start to the last byte of the last good answer, in milliseconds; 0 if there is none.
    pub makespan_ms: f64,
    /// The effective concurrency E: the sum of the answers' service times, divided by the time in which a request was in
    /// flight.
    pub effective: f64,
    /// The largest delay of a send behind the plan, in microseconds.
    pub start_skew_us: f64,
    /// What the burst was fired for.
    #[serde(default)]
    pub purpose: Purpose,
    /// The time without requests before it, in milliseconds, if the search waited.
    #[serde(default)]
    pub pause_ms: f64,
    /// What the judge says of the burst alone; null in results of versions that didn't ask it.
    #[serde(default)]
    pub verdict: Option<Judged>,
    /// Why the burst doesn't count; null if it counts.
    #[serde(rename = "doubt")]
    pub disturbance: Option<String>,
}

impl Observation {
    /// Returns what a burst's trace and its verdict show.
    pub fn of(firing: &Firing, trace: &Trace, verdict: &Verdict) -> Self {
        let enough_us = AT_ONCE * trace.service_ms * 1e3;
        let refusals = || trace.rows.iter().filter_map(refusal);
        let at_once = trace.answered().filter(|row| row.done_us <= enough_us).count();
        let first_ms = |after_us: f64| {
            let times = trace.answered().map(|row| row.done_us).filter(|done_us| *done_us > after_us);
            times.min_by(f64::total_cmp).map(|done_us| rounded(done_us / 1e3, 3))
        };
        // A disturbance delays answers, and never makes them early: if all came at once, it doesn't matter.
        let disturbance = if at_once == trace.schedule.n { too_quick(trace) } else { disturbed(trace) };
        Self {
            n: trace.schedule.n,
            service_ms: rounded(trace.service_ms, 3),
            answered: trace.answered().count(),
            at_once,
            first_ms: first_ms(0.0),
            next_ms: first_ms(enough_us),
            refused: refusals().count(),
            refusal: refusals().next(),
            makespan_ms: rounded(trace.makespan_ms(), 3),
            effective: rounded(effective_concurrency(trace).unwrap_or(0.0), 3),
            start_skew_us: rounded(trace.start_skew_us(), 1),
            purpose: firing.purpose,
            pause_ms: firing.pause.as_secs_f64() * 1e3,
            verdict: Some(Judged::of(verdict)),
            disturbance,
        }
    }

    /// Whether the burst counts.
    pub fn is_trusted(&self) -> bool {
        self.disturbance.is_none()
    }

    /// Whether all requests were answered at once: the server takes as many.
    pub fn is_all_at_once(&self) -> bool {
        self.at_once == self.n && self.is_trusted()
    }

    /// Whether some answers came much earlier than the answer to a request alone.
    pub(super) fn has_quick_answers(&self) -> bool {
        self.first_ms.is_some_and(|first| first < TOO_QUICK * self.service_ms)
    }

    /// Whether the burst shows that the service time is too long.
    pub fn is_too_quick(&self) -> bool {
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

/// Returns why a burst doesn't count although all answers came at once.
fn too_quick(trace: &Trace) -> Option<String> {
    let took_ms = trace.makespan_ms();
    (trace.schedule.n > 1 && took_ms < TOO_QUICK * trace.service_ms).then(|| {
        format!(
            "{} requests together took {}, less than one request alone ({}), which was not typical",
            trace.schedule.n,
            units::time(took_ms),
            units::time(trace.service_ms)
        )
    })
}

/// Returns why a long burst may not be the server's fault.
fn disturbed(trace: &Trace) -> Option<String> {
    let failed = trace.rows.iter().find_map(|row| match &row.outcome {
        Outcome::Failed(fault) => Some(&fault.text),
        _ => None,
    });
    if let Some(reason) = failed {
        return Some(format!("requests failed on the client's side ({reason})"));
    }
    let (skew_ms, lag_ms) = (trace.start_skew_us() / 1e3, trace.generator.lag_p99_us / 1e3);
    let (max_ms, service) = (MAX_ERROR * trace.service_ms, units::time(trace.service_ms));
    if trace.schedule.n == 1 && trace.answered().count() == 1 {
        let took = units::time(trace.makespan_ms());
        return Some(format!("one request alone took {took}, more than the service time of {service}"));
    }
    if skew_ms > max_ms {
        let skew = units::time(skew_ms);
        return Some(format!(
            "requests were sent up to {skew} late, and one request alone takes only {service}"
        ));
    }
    (trace.generator.cpu > MAX_CPU || lag_ms > max_ms).then(|| {
        format!(
            "the load generator was the bottleneck: it used {:.0} % of the processors, and its timers were \
             {} late, and one request alone takes {service}",
            trace.generator.cpu * 100.0,
            units::time(lag_ms)
        )
    })
}
