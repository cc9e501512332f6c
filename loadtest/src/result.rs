//! The result file: what was measured and judged, under names that don't change.

mod command;
mod figures;
mod measure;
mod read;
#[cfg(test)]
pub mod sample;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::burst::descriptors;
use crate::machine::Machine;
use crate::plan::Isolation;
use crate::processes::Usage;
use crate::schedule::Schedule;
use crate::tally::Tally;
use crate::threshold::Checked;
pub use crate::trace::Http2;
use crate::trace::{ErrorKind, Evidence, Generator, Outcome, Row, Trace};
use crate::units::rounded;
use crate::verdict::{Kind, Verdict, is_bottleneck};
use figures::Figures;
pub use figures::{Bar, Latency, Part, Parts, Sending};
pub use measure::Measure;

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
    /// The command line that asked for it, without what may be secret.
    #[serde(default)]
    pub command: String,
    /// Where it was read, where it wasn't measured here: null of a measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What was fired, in order.
    pub runs: Vec<Run>,
    /// What the systems used that were started for it, in the order in which they ended.
    #[serde(default)]
    pub systems: Vec<SystemUsage>,
    /// How the load generator fared: the worst of all bursts; zeros where `source` doesn't say.
    pub generator: GeneratorSummary,
}

/// Ourselves, as a [`Source`].
pub const OWN: &str = "loadtest";

/// Where a result comes from that wasn't measured here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The tool that measured, such as `hey`.
    pub tool: String,
    /// Its format, such as `csv`.
    pub format: String,
    /// The files that were read.
    pub files: Vec<String>,
    /// What those don't say, and what follows from it: a sentence each.
    pub lacks: Vec<String>,
    /// How many rows of them could not be read, and were left out.
    pub broken_rows: usize,
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
    /// Which of several rounds over all systems it was in, from 1.
    #[serde(default = "first_round")]
    pub round: u32,
    /// The setup's number; `burst` where URLs were given.
    pub setup: String,
    /// What the setup is about.
    pub title: String,
    /// How the load generator fared in it; null where it isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<GeneratorSummary>,
    /// The bursts that were fired together.
    pub bursts: Vec<Burst>,
}

/// What a system used from its readiness to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SystemUsage {
    /// The system, as in `runs`.
    pub system: String,
    /// The application's manifest; null where it isn't known.
    pub manifest: Option<String>,
    /// Which version it is; null where that isn't known.
    #[serde(default)]
    pub version: Option<String>,
    /// The round, from 1.
    pub round: u32,
    /// What its processes used.
    #[serde(flatten)]
    pub usage: Usage,
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

/// A request. Times are microseconds from the burst's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Counted from 0.
    pub i: usize,
    /// How long its connection took to open.
    pub connect_us: Option<f64>,
    /// When it was due; null where it waited for an answer.
    pub planned_us: Option<f64>,
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
    /// What kind of error that is; the names don't change.
    pub error_kind: Option<ErrorKind>,
    /// Whether connecting is part of its latency (`--disable-keepalive`).
    pub connects: bool,
    /// Whether its status counts as good; left out where that is left to whether it is 2xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<bool>,
    /// The instance that served it, by its reply.
    pub instance: Option<String>,
    /// How many requests that instance had taken, this one included.
    pub served: Option<u32>,
    /// When it entered the handler; null where generator and server share no clock.
    pub entered_us: Option<f64>,
    /// When it left the handler, likewise.
    pub left_us: Option<f64>,
    /// When it entered the handler by the server's clock, which may be far from the generator's; only where `entered_us`
    /// is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_entered_us: Option<f64>,
    /// When it left the handler, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_left_us: Option<f64>,
    /// The handler's style, by its reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// The machine that served it, by its reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// How the load generator fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorSummary {
    /// Its share of the machine's processors, from 0 to 1.
    pub cpu: f64,
    /// How late a timer of 1 ms was noticed, by a task that waits for its turn as those of the connections
    /// do, at the 99th percentile, in microseconds.
    pub lag_p99_us: f64,
    /// How many descriptors it could hold, a connection each; the limit was raised as far as allowed.
    pub descriptors: u64,
    /// Whether it was the bottleneck of any burst.
    pub saturated: bool,
}

fn first_round() -> u32 {
    1
}

impl Document {
    /// A document with nothing measured yet.
    pub fn begin() -> Self {
        Self {
            schema: SCHEMA,
            tool: concat!("loadtest ", env!("CARGO_PKG_VERSION")).to_owned(),
            machine: Machine::this(),
            started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            command: command::line(std::env::args()),
            source: None,
            runs: Vec::new(),
            systems: Vec::new(),
            generator: GeneratorSummary::default(),
        }
    }

    /// Adds a setup's bursts, and how the generator fared in them.
    pub fn add(&mut self, run: Run, generator: Generator) {
        let one = GeneratorSummary {
            cpu: rounded(generator.cpu, 4),
            lag_p99_us: rounded(generator.lag_p99_us, 1),
            descriptors: descriptors::limit(),
            saturated: run.bursts.iter().any(|burst| is_bottleneck(&generator, burst.service_ms)),
        };
        self.runs.push(Run { generator: Some(one), ..run });
        self.generator = self.generator.worse(one);
    }

    /// Who measured it, and who judged it where that is another.
    pub fn measured_by(&self) -> String {
        match self.foreign() {
            Some(source) => format!("{}, judged by {},", source.tool, self.tool),
            None => self.tool.clone(),
        }
    }

    /// Who else measured it: what that tool left out isn't in here, so that it can't be judged again.
    pub fn foreign(&self) -> Option<&Source> {
        self.source.as_ref().filter(|source| source.tool != OWN)
    }

    /// All bursts.
    pub fn bursts(&self) -> impl Iterator<Item = &Burst> {
        self.runs.iter().flat_map(|run| &run.bursts)
    }
}

impl From<GeneratorSummary> for Generator {
    fn from(summary: GeneratorSummary) -> Self {
        Self { cpu: summary.cpu, lag_p99_us: summary.lag_p99_us }
    }
}

impl GeneratorSummary {
    /// The worse of both, in each respect.
    pub fn worse(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            lag_p99_us: self.lag_p99_us.max(other.lag_p99_us),
            descriptors: self.descriptors.max(other.descriptors),
            saturated: self.saturated || other.saturated,
        }
    }
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
        beyond: Tally,
        verdict: Verdict,
    ) -> Self {
        let counted_only = beyond.requests;
        let Figures { latency, from_plan, bars, parts, tally } = Figures::of(trace, beyond);
        Self {
            url,
            endpoint,
            n: if asked.duration.is_some() { tally.requests } else { asked.n },
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
            makespan_ms: rounded(tally.last_ok_us / 1e3, 3),
            total_ms: rounded(tally.last_done_us / 1e3, 3),
            per_second: if tally.ok > 0 && tally.last_done_us > 0.0 {
                rounded(tally.ok as f64 * 1e6 / tally.last_done_us, 4)
            } else {
                0.0
            },
            start_skew_us: rounded(trace.start_skew_us(), 1),
            ok: tally.ok,
            failed: tally.requests - tally.ok,
            unsent: 0,
            http2: None,
            counted_only,
            statuses: figures::statuses(&tally),
            errors: tally.errors,
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

impl Request {
    fn new(row: &Row, shared_clock: bool) -> Self {
        let (status, fault) = match &row.outcome {
            Outcome::Answered(status) => (Some(*status), None),
            Outcome::Rejected(fault) | Outcome::Failed(fault) => (None, Some(fault)),
        };
        let us = |time: f64| rounded(time, 1);
        let evidence = row.evidence.as_ref();
        let interval = evidence.map(Evidence::interval_us);
        let shared = interval.filter(|_| shared_clock);
        let foreign = interval.filter(|_| !shared_clock);
        Self {
            i: row.i,
            connect_us: row.connect_us.map(us),
            planned_us: row.planned_us.map(us),
            sent_us: row.sent_us.map(us),
            first_byte_us: row.first_byte_us.map(us),
            done_us: us(row.done_us),
            status,
            error: fault.map(|fault| fault.text.clone()),
            error_kind: fault.map(|fault| fault.kind),
            connects: row.connects,
            good: row.good.filter(|good| status.is_some_and(|status| *good != (200..300).contains(&status))),
            instance: evidence.map(|evidence| evidence.instance.clone()),
            served: evidence.map(|evidence| evidence.served),
            entered_us: shared.map(|(entered, _)| us(entered)),
            left_us: shared.map(|(_, left)| us(left)),
            server_entered_us: foreign.map(|(entered, _)| us(entered)),
            server_left_us: foreign.map(|(_, left)| us(left)),
            style: evidence.map(|evidence| evidence.style.clone()),
            host: evidence.and_then(|evidence| evidence.host.clone()),
        }
    }
}
