//! The result document `result.json`: bursts with their requests and verdicts. Its JSON names are stable.

mod audit;
mod baseline;
mod burst;
mod checked;
mod command_line;
mod diagnosis;
mod generator_summary;
mod instances;
mod machine;
mod measure;
mod no_answer;
mod parse;
mod request;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
mod sending;
mod statistics;

use judge::trace::Generator;
use judge::units::rounded;
use judge::verdict::is_bottleneck;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use audit::{Audit, AuditedRoute, Meaning, Observed};
pub use baseline::Baseline;
pub use burst::Burst;
pub use checked::Checked;
pub use command_line::{HIDDEN, command_line, quoted, without_password};
pub use diagnosis::Diagnosed;
pub use generator_summary::GeneratorSummary;
pub use instances::{Instances, Isolation};
pub use judge::trace::Http2;
pub use machine::{Machine, Usage};
pub use measure::Measure;
pub use no_answer::NoAnswer;
pub use request::Request;
pub use sending::Sending;
pub use statistics::{Bar, Latency, Part, Parts};

/// The version of the format.
const SCHEMA: u32 = 1;

/// The result of a measurement: what was fired, and how it was served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "result.json of loadtest")]
pub struct Document {
    /// The format's version: 1.
    pub schema: u32,
    /// The tool that wrote the document, and its version.
    pub tool: String,
    /// The machine of the load generator.
    pub machine: Machine,
    /// The start of the measurement, as an RFC 3339 time.
    pub started: String,
    /// The command line, without values that may be secret.
    #[serde(default)]
    pub command: String,
    /// The origin of an imported result; left out if `tool` itself measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The runs, in firing order.
    pub runs: Vec<Run>,
    /// Memory and processor time of the systems that the tool started, in the order in which they ended.
    #[serde(default)]
    pub systems: Vec<SystemUsage>,
    /// The load of the generator: the worst values of all runs; zeros if `source` doesn't have them.
    pub generator: GeneratorSummary,
    /// What the runs show together, if they are experiments of `diagnose`; left out otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosed>,
    /// What the runs show together, if they are those of `audit`; left out otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audit>,
}

/// This project's tool, as it is named in a [`Source`].
pub const LOADTEST: &str = "loadtest";

/// The origin of an imported result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The tool that measured, such as `hey`.
    pub tool: String,
    /// The format of its files, such as `CSV`.
    pub format: String,
    /// The files that were read.
    pub files: Vec<String>,
    /// What the files lack, and the consequences: one sentence each.
    pub lacks: Vec<String>,
    /// The number of rows that could not be read. They are left out.
    pub broken_rows: usize,
}

/// One setup, fired at one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The name of the system, such as `embedded`, or the URL of a system that was already running.
    pub system: String,
    /// The application's manifest; null if unknown.
    pub manifest: Option<String>,
    /// How the application's instances are used; null if unknown.
    pub instances: Option<Instances>,
    /// The round, counted from 1. In each round all setups are fired at all systems.
    #[serde(default = "first_round")]
    pub round: u32,
    /// The setup's number; `burst` if URLs were given instead of a setup; the number of the experiment of a diagnosis.
    pub setup: String,
    /// The setup's title.
    pub title: String,
    /// The load of the generator in this run; left out if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<GeneratorSummary>,
    /// The bursts, which were fired together; those of an audit one after the other.
    pub bursts: Vec<Burst>,
}

/// Memory and processor time of a system, from its readiness to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SystemUsage {
    /// The name of the system, as in `runs`.
    pub system: String,
    /// The application's manifest; null if unknown.
    pub manifest: Option<String>,
    /// The system's version; null if unknown.
    #[serde(default)]
    pub version: Option<String>,
    /// The round, counted from 1.
    pub round: u32,
    /// The usage of its processes.
    #[serde(flatten)]
    pub usage: Usage,
}

/// Whether the generator, or its machine, may have been the bottleneck of a burst, and its verdict doesn't hold
/// nevertheless.
fn is_saturated(generator: &Generator, burst: &Burst) -> bool {
    !burst.verdict.reasons.is_empty() && is_bottleneck(generator, burst.service_ms)
}

fn first_round() -> u32 {
    1
}

impl Document {
    /// Creates a document without runs.
    ///
    /// `tool` is the program's name and version, `started` an RFC 3339 time, and `command` the command line without
    /// secrets: see [`command_line()`].
    pub fn new(tool: String, machine: Machine, started: String, command: String) -> Self {
        Self {
            schema: SCHEMA,
            tool,
            machine,
            started,
            command,
            source: None,
            runs: Vec::new(),
            systems: Vec::new(),
            generator: GeneratorSummary::default(),
            diagnosis: None,
            audit: None,
        }
    }

    /// Adds a run with the load of the generator. `descriptors` is the generator's limit of open descriptors.
    pub fn add(&mut self, run: Run, generator: Generator, descriptors: u64) {
        let summary = self.add_load(generator, descriptors, &run.bursts);
        self.runs.push(Run { generator: Some(summary), ..run });
    }

    /// Adds the load of the generator during `bursts`, which are added later, and returns it.
    pub fn add_load(&mut self, generator: Generator, descriptors: u64, bursts: &[Burst]) -> GeneratorSummary {
        let summary = GeneratorSummary {
            cpu: rounded(generator.cpu, 4),
            lag_p99_us: rounded(generator.lag_p99_us, 1),
            descriptors,
            saturated: bursts.iter().any(|burst| is_saturated(&generator, burst)),
        };
        self.generator = self.generator.worst(summary);
        summary
    }

    /// Returns the tool that measured, and the tool that judged if it is another one.
    pub fn measured_by(&self) -> String {
        match self.foreign() {
            Some(source) => format!("{}, judged by {},", source.tool, self.tool),
            None => self.tool.clone(),
        }
    }

    /// Returns the origin if another tool measured. Such a document can't be judged again: it has no record of what the
    /// other tool's files lacked.
    pub fn foreign(&self) -> Option<&Source> {
        self.source.as_ref().filter(|source| source.tool != LOADTEST)
    }

    /// Returns the bursts of all runs.
    pub fn bursts(&self) -> impl Iterator<Item = &Burst> {
        self.runs.iter().flat_map(|run| &run.bursts)
    }
}
