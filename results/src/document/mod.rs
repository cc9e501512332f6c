//! The result file: what was measured and judged, under names that don't change.

mod burst;
mod checked;
mod command;
mod figures;
mod generator;
mod instances;
mod machine;
mod measure;
mod read;
mod request;
#[cfg(any(test, feature = "sample"))]
pub mod sample;

use judge::trace::Generator;
use judge::units::rounded;
use judge::verdict::is_bottleneck;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use burst::Burst;
pub use checked::Checked;
pub use command::line as command_line;
pub use figures::{Bar, Latency, Part, Parts, Sending};
pub use generator::GeneratorSummary;
pub use instances::{Instances, Isolation};
pub use judge::trace::Http2;
pub use machine::{Machine, Usage};
pub use measure::Measure;
pub use request::Request;

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

fn first_round() -> u32 {
    1
}

impl Document {
    /// A document without runs.
    ///
    /// `tool` names the program and its version, `started` is a time by RFC 3339, `command` the command line without
    /// secrets: see [`command_line`].
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
        }
    }

    /// Adds a setup's bursts, and how the generator fared in them. `descriptors` is how many it may hold.
    pub fn add(&mut self, run: Run, generator: Generator, descriptors: u64) {
        let one = GeneratorSummary {
            cpu: rounded(generator.cpu, 4),
            lag_p99_us: rounded(generator.lag_p99_us, 1),
            descriptors,
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
