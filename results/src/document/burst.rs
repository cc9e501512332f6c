//! A burst and its verdict.

use std::collections::BTreeMap;

use judge::aggregate::Aggregate;
use judge::schedule::Schedule;
use judge::trace::{Http2, Trace};
use judge::units::rounded;
use judge::verdict::{Kind, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::checked::{self, Checked};
use super::request::{self, Request};
use super::sending::Sending;
use super::statistics::{Bar, Latency, Parts, Statistics};

/// A burst and its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Burst {
    /// The URL of the requests.
    pub url: String,
    /// The endpoint's name: the URL's path with dashes instead of slashes.
    pub endpoint: String,
    /// The number of requests to send; if a duration ended the burst, the number of requests sent.
    pub n: usize,
    /// The number of connections, or of concurrent streams of HTTP/2.
    pub c: usize,
    /// The schedule of the sends.
    pub sending: Sending,
    /// The service time: the latency of a request alone, in milliseconds. The median, if `baseline` has several.
    pub service_ms: f64,
    /// The latencies of requests alone; left out if only `service_ms` is known, because it was given or guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// How the burst was served.
    pub verdict: Verdict,
    /// The expected verdict; null if none is expected.
    pub expected: Option<Kind>,
    /// Whether the verdict is the expected one; null if none is expected.
    pub as_expected: Option<bool>,
    /// The expectation that the burst doesn't meet, in words; null if it meets it, or none is expected.
    pub mismatch: Option<String>,
    /// The checks of `--expect`.
    #[serde(default)]
    pub thresholds: Vec<Checked>,
    /// The verdict on FastAPI in the original experiment; null if the burst isn't part of that experiment.
    pub fastapi: Option<Kind>,
    /// The verdict that the author of the original experiment expected; null if unknown.
    pub author_expected: Option<Kind>,
    /// The time from the burst's start to the last byte of the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// The time from the burst's start to the end of its last request, good or failed, in milliseconds.
    pub total_ms: f64,
    /// The number of good answers per second, over `total_ms`.
    pub per_second: f64,
    /// The largest delay of the first `c` sends behind the schedule, in microseconds.
    pub start_skew_us: f64,
    /// The number of requests with a complete answer and a good status: 2xx, or those of `--status`.
    pub ok: usize,
    /// The number of all other requests.
    pub failed: usize,
    /// The number of those requests that were turned away because of the load: by a 5xx status, 429, or a broken-off
    /// connection. 0 if they fail whatever the load.
    #[serde(default)]
    pub refused: usize,
    /// The number of requests that were due before the burst's end but never sent, because no connection was free.
    pub unsent: usize,
    /// How HTTP/2 was used; null for HTTP/1.1.
    pub http2: Option<Http2>,
    /// The number of requests that `requests` doesn't list. All counts and times include them, except the verdict,
    /// `instances`, `hosts` and `start_skew_us`, which cover `requests` only.
    pub counted_only: usize,
    /// The number of answers by status.
    pub statuses: BTreeMap<String, usize>,
    /// The number of requests without a complete answer, by error.
    pub errors: BTreeMap<String, usize>,
    /// The number of different instances that the replies name.
    pub instances: usize,
    /// The number of different machines that the replies name.
    #[serde(default)]
    pub hosts: usize,
    /// The burst's start by the load generator's clock, in microseconds since 1970; null if unknown.
    #[serde(default)]
    pub start_unix_us: Option<u64>,
    /// The Server header, if all good answers have the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The latency of the good answers, from the send to the last byte; null if there are none, or if a summary doesn't have
    /// it. Percentiles have a precision of three digits if `counted_only` is above 0; those of a summary are interpolated.
    pub latency_ms: Option<Latency>,
    /// The latency of the good answers, from the planned send to the last byte: the latency that independent users
    /// would see. A slow server delays the actual sends, so that the latency from the send is too low (coordinated
    /// omission). Null if each send waited for an answer.
    pub latency_from_plan_ms: Option<Latency>,
    /// The histogram of `latency_ms`; empty if there are no good answers.
    pub latency_histogram: Vec<Bar>,
    /// The parts of the latency, and the time to connect; null if there are no good answers.
    pub parts_ms: Option<Parts>,
    /// The requests, up to the limit `--max-rows`.
    #[serde(deserialize_with = "request::bounded")]
    pub requests: Vec<Request>,
}

impl Burst {
    /// Returns the endpoint's name, or the URL at the root path, which has no name.
    pub fn name(&self) -> &str {
        if self.endpoint.is_empty() { &self.url } else { &self.endpoint }
    }

    /// Returns the expectations that the burst doesn't meet, one line each: the expected verdict, and `--expect`.
    pub fn unmet(&self) -> Vec<String> {
        let mismatch = self.mismatch.iter().map(|mismatch| format!("NOT as expected: {mismatch}"));
        mismatch.chain(checked::unmet(&self.thresholds).map(checked::line)).collect()
    }

    /// Whether an expectation fails, and isn't only left open.
    pub fn is_failed(&self) -> bool {
        self.mismatch.is_some() || checked::unmet(&self.thresholds).any(|one| !one.open)
    }

    /// Whether the burst is known by a summary only: no request is listed, though there were some.
    pub fn is_summary(&self) -> bool {
        self.requests.is_empty() && self.counted_only > 0
    }

    /// Creates a burst without expectations. `asked` is the requested schedule, and `counted_only` aggregates the
    /// requests that `trace` doesn't have.
    pub fn new(
        url: String,
        endpoint: String,
        asked: &Schedule,
        trace: &Trace,
        counted_only: Aggregate,
        verdict: Verdict,
    ) -> Self {
        let counted = counted_only.requests;
        let statistics = Statistics::new(trace, counted_only);
        let aggregate = statistics.aggregate;
        let refused = if verdict.kind == Kind::Refused { aggregate.refused } else { 0 };
        Self {
            url,
            endpoint,
            n: if asked.duration.is_some() { aggregate.requests } else { asked.n },
            c: asked.connections(),
            sending: Sending::new(asked),
            service_ms: rounded(trace.service_ms, 3),
            baseline: Baseline::of(&trace.baseline),
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
            refused,
            unsent: 0,
            http2: None,
            counted_only: counted,
            statuses: aggregate.statuses.iter().map(|(status, n)| (status.to_string(), *n)).collect(),
            errors: aggregate.errors,
            instances: trace.instances(),
            hosts: trace.hosts(),
            start_unix_us: None,
            server: trace.server().map(str::to_owned),
            latency_ms: statistics.latency,
            latency_from_plan_ms: statistics.from_plan,
            latency_histogram: statistics.histogram,
            parts_ms: statistics.parts,
            requests: trace.rows.iter().map(|row| Request::new(row, trace.shared_clock)).collect(),
        }
    }
}
