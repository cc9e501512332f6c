//! Results of other load generators, and of `loadtest` itself, as traces for the judge.
//!
//! A file is read once, line by line, in bounded memory. A new importer is one file with a [`Format`] in it, and one
//! row in [`FORMATS`].

mod bursts;
mod format;
mod hey;
mod judged;
pub mod k6;
mod oha;
mod pattern;
mod result_json;
#[cfg(feature = "sqlite")]
mod sqlite;
mod vegeta;

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::document::Document;
use crate::input::Input;
pub use bursts::Options;
use bursts::{Bursts, Request};
use format::{Format, Head};
pub use result_json::{schedule, trace};

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

/// What is allowed, for error messages.
const ALLOWED: &str = "hey's CSV (-o csv), oha's JSON, CSV (--output-format) and SQLite (--db-url), k6's JSON and CSV \
    (--out), vegeta's JSON and CSV (vegeta encode) and a result.json of loadtest are allowed, gzipped or not";

/// A file to import.
pub struct Source {
    /// The name for messages and for the document.
    pub name: String,
    /// The content.
    pub input: Input,
    /// The path of the file: SQLite reads nothing but files. `None` if there is none; the content is then copied to a
    /// temporary file.
    pub path: Option<PathBuf>,
}

/// Reads `sources` and judges the bursts in them. Several sources are parts of one measurement.
///
/// `empty` is a document without runs; the result has its tool. The result's `started` is the time of the first request,
/// or `empty`'s if the format doesn't tell it.
///
/// # Errors
///
/// If a source can't be read, holds no request, or has an unknown format. The message names the source and says what is
/// allowed.
pub fn document(mut sources: Vec<Source>, options: &Options, empty: Document) -> anyhow::Result<Document> {
    if let [source] = &mut sources[..]
        && result_json::is(&Head::of(&mut source.input).with_context(|| source.name.clone())?)
    {
        return result_json::document(&source.name, &mut source.input, options);
    }
    let mut formats = Vec::new();
    for Source { name, input, .. } in &mut sources {
        formats.push(format_of(input).with_context(|| name.clone())?);
    }
    let [format, others @ ..] = &formats[..] else { bail!("no file is given") };
    if others.iter().any(|other| other.id() != format.id()) {
        bail!("the files are of several formats; give one");
    }
    if !format.has_timestamps && !others.is_empty() {
        bail!("{} counts from its own start, so that several files can't be told apart in time", format.tool);
    }
    let mut bursts = Bursts::new(format, options);
    for (part, source) in sources.iter_mut().enumerate() {
        bursts.begin(part);
        (format.read)(source, &mut bursts).with_context(|| source.name.clone())?;
    }
    judged::document(bursts, sources.into_iter().map(|source| source.name).collect(), empty)
}

fn format_of(input: &mut Input) -> anyhow::Result<&'static Format> {
    let head = Head::of(input)?;
    if result_json::is(&head) {
        bail!("several results of loadtest are joined by `loadtest merge`");
    }
    if let Some(format) = FORMATS.iter().find(|format| (format.detect)(&head)) {
        return Ok(format);
    }
    Err(format::unknown(&head))
}

#[cfg(test)]
mod tests;
