//! What an importer provides: how its format is detected and read, and what the format lacks.

use anyhow::anyhow;

use super::collector::Collector;
use super::source::Source;
use crate::input::Input;

/// The supported formats, for error messages.
const SUPPORTED: &str = "supported are hey's CSV (-o csv), oha's JSON, CSV (--output-format) and SQLite (--db-url), \
    k6's JSON and CSV (--out), vegeta's JSON and CSV (vegeta encode) and a result.json of loadtest, gzipped or not";

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
    /// Whether the file is a summary, from which requests are reconstructed.
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

/// The beginning of a file.
pub struct Head {
    /// The bytes as text, without byte order mark and leading white space. Invalid UTF-8 is replaced.
    pub text: String,
    /// The first line of the text.
    pub line: String,
}

impl Head {
    /// Returns the beginning of `input` without consuming it.
    pub fn peek(input: &mut Input) -> anyhow::Result<Self> {
        let text = String::from_utf8_lossy(input.peek()?);
        let text = text.trim_start_matches('\u{feff}').trim_start().to_owned();
        let line = text.lines().next().unwrap_or_default().trim_end().to_owned();
        Ok(Self { text, line })
    }

    /// Whether the file begins with a JSON object, and its first line has all these keys.
    pub fn line_has(&self, keys: &[&str]) -> bool {
        self.line.starts_with('{') && keys.iter().all(|key| self.line.contains(&format!("\"{key}\"")))
    }

    /// Whether the file begins with a JSON object, and its head has all these keys.
    pub fn has(&self, keys: &[&str]) -> bool {
        self.line.starts_with('{') && keys.iter().all(|key| self.text.contains(&format!("\"{key}\"")))
    }
}

/// A file that is given by mistake.
struct Mistake {
    /// Whether a file with this head is one.
    detect: fn(&Head) -> bool,
    /// What it is, and what to give instead.
    instead: &'static str,
}

/// Files that are given by mistake, and what to give instead.
static MISTAKES: &[Mistake] = &[
    Mistake {
        detect: |head| head.line.starts_with("system,manifest,setup,"),
        instead: "this is requests.csv of loadtest, which lacks the schedules of the bursts; give the result.json beside it",
    },
    Mistake {
        detect: |head| head.has(&["summary", "metrics"]),
        instead: "this looks like k6's summary, which has no single requests; run k6 with --out json=FILE",
    },
    Mistake {
        detect: |head| head.has(&["latencies"]),
        instead: "this is vegeta's report, which has no single requests; give what `vegeta encode` writes",
    },
    Mistake {
        detect: |head| head.line.starts_with("Summary:"),
        instead: "this is a summary, which has no single requests; run hey with -o csv, oha with --output-format csv",
    },
];

/// Returns the error for a file of an unknown format.
pub fn unknown(head: &Head) -> anyhow::Error {
    if head.line.is_empty() {
        return anyhow!("the file is empty; {SUPPORTED}");
    }
    match MISTAKES.iter().find(|mistake| (mistake.detect)(head)) {
        Some(Mistake { instead, .. }) => anyhow!("{instead}"),
        None => anyhow!("its format isn't known; {SUPPORTED} (vegeta's own binary form: `vegeta encode`)"),
    }
}
