//! The result file: what was measured and judged, under names that don't change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::plan::Isolation;
use crate::stats::percentile;
use crate::trace::{Generator, Outcome, Row, Trace};
use crate::units::rounded;
use crate::verdict::{Kind, Verdict, is_bottleneck};

/// The format's version.
const SCHEMA: u32 = 1;

/// `result.json`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "result.json of loadtest")]
pub struct Document {
    /// The format's version: 1.
    pub schema: u32,
    /// The tool that wrote it, and its version.
    pub tool: String,
    /// The machine that the load generator ran on.
    pub machine: Machine,
    /// When the measurement began, by RFC 3339.
    pub started: String,
    /// What was fired, in order.
    pub runs: Vec<Run>,
    /// How the load generator fared: the worst of all bursts.
    pub generator: GeneratorSummary,
}

/// A setup, fired at a system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// `embedded`, or the URL of a system that ran already.
    pub system: String,
    /// The application's manifest; null where it isn't known.
    pub manifest: Option<String>,
    /// How the application's instances are used; null where it isn't known.
    pub instances: Option<Instances>,
    /// The setup's number; `burst` where URLs were given.
    pub setup: String,
    /// What the setup is about.
    pub title: String,
    /// The bursts that were fired together.
    pub bursts: Vec<Burst>,
}

/// How an application's instances are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instances {
    /// The version of WASI that the components speak: 2 or 3.
    pub wasi: u8,
    /// How long an instance lives, and for whom.
    pub isolation: Isolation,
}

/// A burst and its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Burst {
    /// Where it was fired.
    pub url: String,
    /// The endpoint's name: its path, with dashes.
    pub endpoint: String,
    /// How many requests were sent.
    pub n: usize,
    /// Over how many connections.
    pub c: usize,
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
    /// What FastAPI did in the original experiment; null where it was no part of that.
    pub fastapi: Option<Kind>,
    /// What that experiment's author had expected; null where it isn't known.
    pub author_expected: Option<Kind>,
    /// From the burst's start to the last byte of the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// How late the latest of the planned sends was, in microseconds.
    pub start_skew_us: f64,
    /// How many requests got a whole answer with a 2xx status.
    pub ok: usize,
    /// How many did not.
    pub failed: usize,
    /// How many instances the replies name.
    pub instances: usize,
    /// From a request's send to its last byte, of the good answers; null where there were none.
    pub latency_ms: Option<Latency>,
    /// Every request.
    pub requests: Vec<Request>,
}

/// Percentiles by the nearest-rank method, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// The least.
    pub min: f64,
    /// The median.
    pub p50: f64,
    /// Nine of ten took no longer.
    pub p90: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// The most.
    pub max: f64,
}

/// A request. Times are microseconds from the burst's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Counted from 0.
    pub i: usize,
    /// How long its connection took to open.
    pub connect_us: Option<f64>,
    /// When its first byte was sent.
    pub sent_us: Option<f64>,
    /// When the first byte of the answer came.
    pub first_byte_us: Option<f64>,
    /// When the last byte came, or the request failed.
    pub done_us: f64,
    /// The answer's status; null where none came.
    pub status: Option<u16>,
    /// Why no whole answer came.
    pub error: Option<String>,
    /// The instance that served it, by its reply.
    pub instance: Option<String>,
    /// How many requests that instance had taken, this one included.
    pub served: Option<u32>,
    /// When it entered the handler; null where generator and server share no clock.
    pub entered_us: Option<f64>,
    /// When it left the handler, likewise.
    pub left_us: Option<f64>,
}

/// How the load generator fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorSummary {
    /// Its share of the machine's processors, from 0 to 1.
    pub cpu: f64,
    /// How late a timer of 1 ms fired at the 99th percentile, in microseconds.
    pub lag_p99_us: f64,
    /// Whether it was the bottleneck of any burst.
    pub saturated: bool,
}

impl Document {
    /// A document with nothing measured yet.
    pub fn begin() -> Self {
        Self {
            schema: SCHEMA,
            tool: concat!("loadtest ", env!("CARGO_PKG_VERSION")).to_owned(),
            machine: Machine::this(),
            started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            runs: Vec::new(),
            generator: GeneratorSummary::default(),
        }
    }

    /// Adds a setup's bursts, and how the generator fared in them.
    pub fn add(&mut self, run: Run, generator: Generator) {
        let saturated = run.bursts.iter().any(|burst| is_bottleneck(&generator, burst.service_ms));
        self.runs.push(run);
        self.generator = GeneratorSummary {
            cpu: rounded(generator.cpu.max(self.generator.cpu), 4),
            lag_p99_us: rounded(generator.lag_p99_us.max(self.generator.lag_p99_us), 1),
            saturated: saturated || self.generator.saturated,
        };
    }

    /// All bursts.
    pub fn bursts(&self) -> impl Iterator<Item = &Burst> {
        self.runs.iter().flat_map(|run| &run.bursts)
    }
}

impl Burst {
    /// A trace and its verdict, with nothing expected.
    pub fn new(url: String, endpoint: String, trace: &Trace, verdict: Verdict) -> Self {
        let ok = trace.answered().count();
        Self {
            url,
            endpoint,
            n: trace.schedule.n,
            c: trace.schedule.connections(),
            service_ms: rounded(trace.service_ms, 3),
            verdict: Verdict {
                at_a_time: verdict.at_a_time.map(|k| rounded(k, 1)),
                at_a_time_low: verdict.at_a_time_low.map(|k| rounded(k, 1)),
                at_a_time_high: verdict.at_a_time_high.map(|k| rounded(k, 1)),
                ..verdict
            },
            expected: None,
            as_expected: None,
            mismatch: None,
            fastapi: None,
            author_expected: None,
            makespan_ms: rounded(trace.makespan_ms(), 3),
            start_skew_us: rounded(trace.start_skew_us(), 1),
            ok,
            failed: trace.rows.len() - ok,
            instances: trace.instances(),
            latency_ms: Latency::of(trace),
            requests: trace.rows.iter().map(|row| Request::new(row, trace.shared_clock)).collect(),
        }
    }
}

impl Latency {
    fn of(trace: &Trace) -> Option<Self> {
        let took = |row: &Row| Some((row.done_us - row.sent_us?) / 1e3);
        let mut took: Vec<f64> = trace.answered().filter_map(took).collect();
        took.sort_by(f64::total_cmp);
        let at = |share| percentile(&took, share).map(|ms| rounded(ms, 3));
        Some(Self { min: at(0.0)?, p50: at(0.5)?, p90: at(0.9)?, p99: at(0.99)?, max: at(1.0)? })
    }
}

impl Request {
    fn new(row: &Row, shared_clock: bool) -> Self {
        let (status, error) = match &row.outcome {
            Outcome::Answered(status) => (Some(*status), None),
            Outcome::Rejected(error) | Outcome::Failed(error) => (None, Some(error.clone())),
        };
        let us = |time: f64| rounded(time, 1);
        let interval = row.evidence.as_ref().filter(|_| shared_clock).map(|evidence| evidence.interval_us());
        Self {
            i: row.i,
            connect_us: row.connect_us.map(us),
            sent_us: row.sent_us.map(us),
            first_byte_us: row.first_byte_us.map(us),
            done_us: us(row.done_us),
            status,
            error,
            instance: row.evidence.as_ref().map(|evidence| evidence.instance.clone()),
            served: row.evidence.as_ref().map(|evidence| evidence.served),
            entered_us: interval.map(|(entered, _)| us(entered)),
            left_us: interval.map(|(_, left)| us(left)),
        }
    }
}
