//! What an importer provides: how its format is detected and read, and what the format lacks.

use super::collector::Collector;
use super::head::Head;
use super::source::Source;

/// What formats without failed requests lack.
pub const DROPS_FAILURES: &str = "The file leaves out failed requests: without -n, the number of requests sent, missing requests go unnoticed.";

/// A format that can be imported.
pub struct Format {
    /// The tool that writes the format.
    pub tool: &'static str,
    /// The format's name, such as `CSV`.
    pub name: &'static str,
    /// Whether a file with this head has the format.
    pub detect: fn(&Head) -> bool,
    /// Adds the requests of a file to the collector.
    pub read: fn(&mut Source, &mut Collector) -> anyhow::Result<()>,
    /// Whether times are wall clock times; otherwise they count from the tool's start.
    pub has_timestamps: bool,
    /// Whether the tool leaves out failed requests.
    pub drops_failures: bool,
    /// Whether the file is a summary, without single requests.
    pub is_summary: bool,
    /// What the format lacks: one sentence each.
    pub lacks: &'static [&'static str],
}

impl Format {
    /// Returns the format's identity.
    pub fn id(&self) -> (&'static str, &'static str) {
        (self.tool, self.name)
    }
}
