//! A burst and its verdict.

use std::collections::BTreeMap;

use judge::aggregate::Aggregate;
use judge::schedule::Schedule;
use judge::trace::{Http2, Trace};
use judge::units::rounded;
use judge::verdict::{Kind, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figures::{self, Figures};
use super::{Bar, Checked, Latency, Parts, Request, Sending, read};

/// A burst and its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Burst {
    /// Where it was fired.
    pub url: String,
    /// The endpoint's name: its path, with dashes.
    pub endpoint: String,
    /// How many requests were to be sent; where a time ended the burst, how many were.
    pub n: usize,
    /// Over how many connections.
    pub c: usize,
    /// When they were to be sent.
    pub sending: Sending,
    /// What one request alone took, in milliseconds.
    pub service_ms: f64,
    /// How it was served.
    pub verdict: Verdict,
    /// What was expected; null where nothing was.
    pub expected: Option<Kind>,
    /// Whether the verdict is the expected one; null where nothing was expected.
    pub as_expected: Option<bool>,
    /// What was expected instead, in words; null where the verdict is the expected one, or nothing
    /// was expected.
    pub mismatch: Option<String>,
    /// What `--expect` demanded of it.
    #[serde(default)]
    pub thresholds: Vec<Checked>,
    /// What FastAPI did in the original experiment; null where it was no part of that.
    pub fastapi: Option<Kind>,
    /// What that experiment's author had expected; null where it isn't known.
    pub author_expected: Option<Kind>,
    /// From the burst's start to the last byte of the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// From the burst's start to the end of its last request, good or not, in milliseconds.
    pub total_ms: f64,
    /// Good answers a second, over that time.
    pub per_second: f64,
    /// How late the latest of the first `c` sends was against the plan, in microseconds.
    pub start_skew_us: f64,
    /// How many requests got a whole answer with a good status: 2xx, or what `--status` says.
    pub ok: usize,
    /// How many did not.
    pub failed: usize,
    /// How many were due before the burst's end and found no free connection until then, so that they
    /// were never sent.
    pub unsent: usize,
    /// How HTTP/2 was used; null where it wasn't.
    pub http2: Option<Http2>,
    /// How many requests there were beyond those of `requests`: they are in all counts and times but the
    /// verdict, `instances` and `start_skew_us`, which are of `requests`.
    pub counted_only: usize,
    /// How many answers had each status.
    pub statuses: BTreeMap<String, usize>,
    /// How many requests got no whole answer, by the reason.
    pub errors: BTreeMap<String, usize>,
    /// How many instances the replies name.
    pub instances: usize,
    /// How many machines the replies name.
    #[serde(default)]
    pub hosts: usize,
    /// When it started, in microseconds since 1970 by the load generator's clock; null where that isn't known.
    #[serde(default)]
    pub start_unix_us: Option<u64>,
    /// The Server header that all good answers agree on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// From a request's send to its last byte, of the good answers; null where there were none. To three
    /// digits where `counted_only` isn't 0.
    pub latency_ms: Option<Latency>,
    /// From the planned send to the last byte, of the good answers: what users would have waited who don't
    /// wait for each other. Null where the sends waited for answers. Without it a slow server would put off
    /// its own load, and look quicker for it (coordinated omission).
    pub latency_from_plan_ms: Option<Latency>,
    /// How many good answers took how long, from the send; empty where there were none.
    pub latency_histogram: Vec<Bar>,
    /// What the latency consists of, and connecting; null where there was no good answer.
    pub parts_ms: Option<Parts>,
    /// Every request, up to a limit (`--max-rows`).
    #[serde(deserialize_with = "read::bounded")]
    pub requests: Vec<Request>,
}

impl Burst {
    /// What was demanded of it and isn't so, a line each: the expected verdict, and `--expect`.
    pub fn broken(&self) -> Vec<String> {
        let threshold = |checked: &Checked| format!("{} is broken: {}", checked.expect, checked.seen);
        let broken = self.thresholds.iter().filter(|checked| !checked.met).map(threshold);
        self.mismatch.iter().map(|mismatch| format!("NOT as expected: {mismatch}")).chain(broken).collect()
    }

    /// A trace and its verdict, with nothing expected; `asked` is the schedule as it was asked for, `beyond`
    /// the requests that the trace doesn't hold.
    pub fn new(
        url: String,
        endpoint: String,
        asked: &Schedule,
        trace: &Trace,
        beyond: Aggregate,
        verdict: Verdict,
    ) -> Self {
        let counted_only = beyond.requests;
        let Figures { latency, from_plan, bars, parts, aggregate } = Figures::of(trace, beyond);
        Self {
            url,
            endpoint,
            n: if asked.duration.is_some() { aggregate.requests } else { asked.n },
            c: asked.connections(),
            sending: Sending::of(asked),
            service_ms: rounded(trace.service_ms, 3),
            verdict: verdict.rounded(),
            expected: None,
            as_expected: None,
            mismatch: None,
            thresholds: Vec::new(),
            fastapi: None,
            author_expected: None,
            makespan_ms: rounded(aggregate.last_ok_us / 1e3, 3),
            total_ms: rounded(aggregate.last_done_us / 1e3, 3),
            per_second: if aggregate.ok > 0 && aggregate.last_done_us > 0.0 {
                rounded(aggregate.ok as f64 * 1e6 / aggregate.last_done_us, 4)
            } else {
                0.0
            },
            start_skew_us: rounded(trace.start_skew_us(), 1),
            ok: aggregate.ok,
            failed: aggregate.requests - aggregate.ok,
            unsent: 0,
            http2: None,
            counted_only,
            statuses: figures::statuses(&aggregate),
            errors: aggregate.errors,
            instances: trace.instances(),
            hosts: trace.hosts(),
            start_unix_us: None,
            server: trace.server().map(str::to_owned),
            latency_ms: latency,
            latency_from_plan_ms: from_plan,
            latency_histogram: bars,
            parts_ms: parts,
            requests: trace.rows.iter().map(|row| Request::new(row, trace.shared_clock)).collect(),
        }
    }
}
