//! Results of other load generators, and our own, as the traces that the judge takes.
//!
//! A file is read once, a line at a time, in a memory that doesn't grow with it.

mod bursts;
mod hey;
mod judged;
mod k6;
mod oha;
mod own;
mod pattern;
mod sqlite;
mod vegeta;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::input::Input;
use crate::result::{Document, Source};
pub use bursts::Options;
use bursts::{Bursts, Request};
pub use k6::REPLY;
pub use own::{schedule, trace};

/// What a file is, by what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Own,
    HeyCsv,
    OhaJson,
    OhaCsv,
    OhaSqlite,
    K6Json,
    K6Csv,
    VegetaJson,
    VegetaCsv,
}

/// What is allowed, for errors.
const ALLOWED: &str = "hey's CSV (-o csv), oha's JSON, CSV (--output-format) and SQLite (--db-url), k6's JSON and CSV \
    (--out), vegeta's JSON and CSV (vegeta encode) and a result.json of loadtest are allowed, gzipped or not";

/// Reads `files` and judges what is in them; several are parts of one measurement.
///
/// # Errors
///
/// Where one can't be read, holds no request, or is none of the formats: which, and what is allowed.
pub fn document(files: &[PathBuf], options: &Options) -> anyhow::Result<Document> {
    // Opened once: it may be a pipe.
    let (mut inputs, mut formats) = (Vec::new(), Vec::new());
    for file in files {
        let mut input = Input::open(file)?;
        formats.push(Format::of(&mut input).with_context(|| file.display().to_string())?);
        inputs.push(input);
    }
    let [first, others @ ..] = &formats[..] else { bail!("no file is given") };
    match first {
        Format::Own if others.is_empty() => return own::document(&files[0], &mut inputs[0], options),
        Format::Own => bail!("several results of loadtest are joined by `loadtest merge`"),
        _ if others.iter().any(|other| other != first) => bail!("the files are of several formats; give one"),
        first if !first.is_dated() && !others.is_empty() => {
            bail!(
                "{} counts from its own start, so that several files can't be told apart in time",
                first.tool()
            )
        }
        _ => {}
    }
    let mut bursts = Bursts::new(*first, options);
    for (part, (file, input)) in files.iter().zip(&mut inputs).enumerate() {
        bursts.begin(part);
        first.read(file, input, &mut bursts).with_context(|| file.display().to_string())?;
    }
    let named: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    judged::document(bursts, named)
}

impl Format {
    /// By the first bytes of what is in it.
    fn of(input: &mut Input) -> anyhow::Result<Self> {
        let head = input.peek()?;
        if head.starts_with(sqlite::MAGIC) {
            return Ok(Self::OhaSqlite);
        }
        let text = String::from_utf8_lossy(head);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let line = text.lines().next().unwrap_or_default().trim_end();
        let has = |key: &str| text.contains(&format!("\"{key}\""));
        let is_line = |key: &str| line.contains(&format!("\"{key}\""));
        Ok(match line {
            "" => bail!("there is nothing in it; {ALLOWED}"),
            line if line.starts_with(hey::HEADER) => Self::HeyCsv,
            line if line.starts_with(oha::HEADER) => Self::OhaCsv,
            line if line.starts_with(k6::HEADER) => Self::K6Csv,
            line if line.starts_with("system,manifest,setup,") => {
                bail!(
                    "this is requests.csv of loadtest, which lacks the bursts' plan; give the result.json beside it"
                )
            }
            line if line.starts_with('{') && is_line("type") && is_line("metric") => Self::K6Json,
            line if line.starts_with('{') && is_line("latency") && is_line("timestamp") => Self::VegetaJson,
            line if line.starts_with('{') && has("schema") && has("tool") => Self::Own,
            line if line.starts_with('{') && has("summary") && has("metrics") && !has("requestsPerSec") => {
                bail!(
                    "this looks like k6's summary, which has no single requests; run k6 with --out json=FILE"
                )
            }
            line if line.starts_with('{') && has("summary") => Self::OhaJson,
            line if line.starts_with('{') && has("latencies") => {
                bail!(
                    "this is vegeta's report, which has no single requests; give what `vegeta encode` writes"
                )
            }
            line if vegeta::is_line(line) => Self::VegetaCsv,
            line if line.starts_with("Summary:") => {
                bail!(
                    "this is a summary, which has no single requests; run hey with -o csv, oha with --output-format csv"
                )
            }
            _ => bail!("its format isn't known; {ALLOWED} (vegeta's own binary form: `vegeta encode`)"),
        })
    }

    /// Whose it is.
    fn tool(self) -> &'static str {
        match self {
            Self::Own => "loadtest",
            Self::HeyCsv => "hey",
            Self::OhaJson | Self::OhaCsv | Self::OhaSqlite => "oha",
            Self::K6Json | Self::K6Csv => "k6",
            Self::VegetaJson | Self::VegetaCsv => "vegeta",
        }
    }

    /// What it is called.
    fn name(self) -> &'static str {
        match self {
            Self::OhaSqlite => "SQLite",
            Self::HeyCsv | Self::OhaCsv | Self::K6Csv | Self::VegetaCsv => "CSV",
            Self::Own | Self::OhaJson | Self::K6Json | Self::VegetaJson => "JSON",
        }
    }

    fn read(self, file: &Path, input: &mut Input, bursts: &mut Bursts) -> anyhow::Result<()> {
        match self {
            Self::HeyCsv => hey::read(input, bursts),
            Self::OhaCsv => oha::read_csv(input, bursts),
            Self::OhaJson => oha::read_json(input, bursts),
            Self::OhaSqlite => sqlite::read(file, input, bursts),
            Self::K6Json => k6::read_json(input, bursts),
            Self::K6Csv => k6::read_csv(input, bursts),
            Self::VegetaJson => vegeta::read_json(input, bursts),
            Self::VegetaCsv => vegeta::read_csv(input, bursts),
            // Read as a whole, by `document`.
            Self::Own => Ok(()),
        }
    }

    /// Whether it says when, and not only how long after the tool's start.
    fn is_dated(self) -> bool {
        matches!(self, Self::K6Json | Self::K6Csv | Self::VegetaJson | Self::VegetaCsv)
    }

    /// Whether requests that failed are left out of it.
    fn drops_failures(self) -> bool {
        matches!(self, Self::HeyCsv | Self::OhaCsv | Self::OhaSqlite)
    }

    /// What it doesn't carry, a sentence each.
    fn lacks(self) -> &'static [&'static str] {
        match self {
            Self::Own => &[],
            Self::HeyCsv | Self::OhaCsv | Self::OhaSqlite => &[
                "Requests that failed are left out of it: without -n, which says how many were sent, none is missed.",
            ],
            Self::OhaJson => &[
                "It has no single requests: their times are read off its histogram of eleven bars, and all are taken to \
                 have been sent at once.",
            ],
            Self::K6Json | Self::K6Csv => {
                &["k6 stamps a request when it ends: it was sent as long before as it took."]
            }
            Self::VegetaJson | Self::VegetaCsv => {
                &["How long connecting took isn't in it, and is part of the times."]
            }
        }
    }
}

#[cfg(test)]
mod tests;
