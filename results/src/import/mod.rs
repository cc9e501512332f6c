//! Imports the results of load generators, and judges them.
//!
//! A file is read once, line by line, in bounded memory. An importer is one file with a `Format`, and one row in
//! `FORMATS`. Files with single requests become traces, and are judged like any burst; summaries are estimated.

mod ab;
mod artillery;
mod autocannon;
mod bombardier;
mod collector;
mod format;
mod head;
mod hey;
mod hey_text;
mod jmeter;
mod json_text;
mod judging;
pub mod k6;
mod locust;
mod oha;
mod options;
mod outcome;
mod result_json;
mod runs;
mod send_plan;
mod source;
#[cfg(feature = "sqlite")]
mod sqlite;
mod summary;
mod summed;
mod text;
mod unknown;
mod urls;
mod vegeta;
mod vegeta_report;
mod wrk;

use anyhow::{Context, bail};

use crate::document::Document;
use crate::input::Input;
use collector::Collector;
use format::Format;
use head::Head;
pub use options::Options;
pub use result_json::{schedule, trace};
pub use source::Source;
pub use urls::server_of;

/// The formats, in the order in which they are tried.
static FORMATS: &[&Format] = &[
    #[cfg(feature = "sqlite")]
    &sqlite::FORMAT,
    &hey::FORMAT,
    &oha::CSV,
    &k6::CSV,
    &jmeter::CSV,
    &locust::CSV,
    &k6::JSON,
    &vegeta::JSON,
    &oha::JSON,
    &k6::SUMMARY,
    &vegeta_report::JSON,
    &artillery::JSON,
    &autocannon::JSON,
    &bombardier::JSON,
    &vegeta::CSV,
    &hey::TEXT,
    &oha::TEXT,
    &wrk::TEXT,
    &ab::TEXT,
    &bombardier::TEXT,
    &autocannon::TEXT,
    &vegeta_report::TEXT,
    &k6::TEXT,
];

/// Reads `sources` and judges their bursts. Several sources are parts of one measurement.
///
/// `empty` is a document without runs. The result has its tool. The result's `started` is the time of the first request,
/// or that of `empty` if the format has no timestamps.
///
/// # Errors
///
/// If a source can't be read, has no requests, or has an unknown format. The message names the source and the supported
/// formats.
pub fn document(mut sources: Vec<Source>, options: &Options, empty: Document) -> anyhow::Result<Document> {
    if let [source] = &mut sources[..]
        && result_json::detect(&Head::peek(&mut source.input).with_context(|| source.name.clone())?)
    {
        return result_json::document(&source.name, &mut source.input, options);
    }
    let mut formats = Vec::new();
    for Source { name, input, .. } in &mut sources {
        formats.push(format_of(input).with_context(|| name.clone())?);
    }
    let [format, others @ ..] = &formats[..] else { bail!("no file is given") };
    if others.iter().any(|other| other.id() != format.id()) {
        bail!("the files have different formats; give files of one format");
    }
    if !format.has_timestamps && !format.is_summary && !others.is_empty() {
        bail!(
            "{} counts times from its own start, so that the order of several files is unknown",
            format.tool
        );
    }
    let mut collector = Collector::new(options);
    for (file, source) in sources.iter_mut().enumerate() {
        collector.start_file(file);
        if source.input.is_utf16() {
            collector
                .note(format!("{} is UTF-16, as PowerShell's `>` writes it; it was converted.", source.name));
        }
        (format.read)(source, &mut collector).with_context(|| source.name.clone())?;
    }
    judging::document(format, collector, sources.into_iter().map(|source| source.name).collect(), empty)
}

fn format_of(input: &mut Input) -> anyhow::Result<&'static Format> {
    let head = Head::peek(input)?;
    if result_json::detect(&head) {
        bail!("this is a result.json of loadtest: join several of them with `loadtest merge`");
    }
    let mut formats = FORMATS.iter().filter(|format| (format.detect)(&head));
    let Some(format) = formats.next() else { return Err(unknown::unknown(&head)) };
    match formats.find(|other| format.is_summary && other.is_summary && other.tool != format.tool) {
        Some(other) => {
            bail!("the text has summaries of {} and {}; give one tool's at a time", format.tool, other.tool)
        }
        None => Ok(format),
    }
}

#[cfg(test)]
mod tests;
