//! Imports the results of load generators, and judges them.
//!
//! A file is read once, line by line, in bounded memory. An importer is one file with a `Format`, and one row in
//! `FORMATS`.

mod collector;
mod format;
mod hey;
mod judging;
pub mod k6;
mod oha;
mod options;
mod outcome;
mod result_json;
mod send_plan;
mod source;
#[cfg(feature = "sqlite")]
mod sqlite;
mod vegeta;

use anyhow::{Context, bail};

use crate::document::Document;
use crate::input::Input;
use collector::Collector;
use format::{Format, Head};
pub use options::Options;
pub use result_json::{schedule, trace};
pub use source::Source;

/// The formats, in the order in which they are tried.
static FORMATS: &[&Format] = &[
    #[cfg(feature = "sqlite")]
    &sqlite::FORMAT,
    &hey::FORMAT,
    &oha::CSV,
    &k6::CSV,
    &k6::JSON,
    &vegeta::JSON,
    &oha::JSON,
    &vegeta::CSV,
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
    if !format.has_timestamps && !others.is_empty() {
        bail!(
            "{} counts times from its own start, so that the order of several files is unknown",
            format.tool
        );
    }
    let mut collector = Collector::new(options);
    for (file, source) in sources.iter_mut().enumerate() {
        collector.start_file(file);
        (format.read)(source, &mut collector).with_context(|| source.name.clone())?;
    }
    judging::document(format, collector, sources.into_iter().map(|source| source.name).collect(), empty)
}

fn format_of(input: &mut Input) -> anyhow::Result<&'static Format> {
    let head = Head::peek(input)?;
    if result_json::detect(&head) {
        bail!("this is a result.json of loadtest: join several of them with `loadtest merge`");
    }
    if let Some(format) = FORMATS.iter().find(|format| (format.detect)(&head)) {
        return Ok(format);
    }
    Err(format::unknown(&head))
}

#[cfg(test)]
mod tests;
