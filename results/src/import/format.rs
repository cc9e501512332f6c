//! How a format is recognised, and what it lacks.

use anyhow::anyhow;

use super::bursts::Bursts;
use super::{ALLOWED, Source};
use crate::input::Input;

/// A format that can be imported.
pub struct Format {
    /// The tool that writes it.
    pub tool: &'static str,
    /// The format's name, such as `CSV`.
    pub name: &'static str,
    /// Whether a file with this head has the format.
    pub detect: fn(&Head) -> bool,
    /// Adds the requests of a file to the bursts.
    pub read: fn(&mut Source, &mut Bursts) -> anyhow::Result<()>,
    /// Whether times are those of the wall clock; otherwise they count from the tool's start.
    pub has_timestamps: bool,
    /// Whether failed requests are missing.
    pub drops_failures: bool,
    /// Whether it has no single requests, only a summary from which requests are reconstructed.
    pub is_summary: bool,
    /// What the format doesn't carry: a sentence each.
    pub lacks: &'static [&'static str],
}

impl Format {
    /// What tells it from the other formats.
    pub fn id(&self) -> (&'static str, &'static str) {
        (self.tool, self.name)
    }
}

/// The beginning of a file.
pub struct Head {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The same as text, without a byte order mark and without white space at the start.
    pub text: String,
    /// The first line.
    pub line: String,
}

impl Head {
    /// The beginning of `input`, which stays to be read.
    pub fn of(input: &mut Input) -> anyhow::Result<Self> {
        let bytes = input.peek()?.to_vec();
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim_start().to_owned();
        let line = text.lines().next().unwrap_or_default().trim_end().to_owned();
        Ok(Self { bytes, text, line })
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

/// Files that people give by mistake, and what to give instead.
static MISTAKES: &[(fn(&Head) -> bool, &str)] = &[
    (
        |head| head.line.starts_with("system,manifest,setup,"),
        "this is requests.csv of loadtest, which lacks the bursts' plan; give the result.json beside it",
    ),
    (
        |head| head.has(&["summary", "metrics"]),
        "this looks like k6's summary, which has no single requests; run k6 with --out json=FILE",
    ),
    (
        |head| head.has(&["latencies"]),
        "this is vegeta's report, which has no single requests; give what `vegeta encode` writes",
    ),
    (
        |head| head.line.starts_with("Summary:"),
        "this is a summary, which has no single requests; run hey with -o csv, oha with --output-format csv",
    ),
];

/// The error for a file whose format isn't known.
pub fn unknown(head: &Head) -> anyhow::Error {
    if head.line.is_empty() {
        return anyhow!("the file is empty; {ALLOWED}");
    }
    match MISTAKES.iter().find(|(is_mistake, _)| is_mistake(head)) {
        Some((_, instead)) => anyhow!("{instead}"),
        None => anyhow!("its format isn't known; {ALLOWED} (vegeta's own binary form: `vegeta encode`)"),
    }
}
