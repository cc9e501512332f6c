//! Result documents: begins a new one, reads one from a file.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use results::document::{Document, command_line};
use results::input::Input;

use crate::{arguments, machine};

/// The name of this program and its version.
pub const TOOL: &str = concat!("loadtest ", env!("CARGO_PKG_VERSION"));

/// A document without runs, with this machine, the current time and the command line.
pub fn begin() -> Document {
    let words = arguments::of_process().into_iter().map(|word| word.to_string_lossy().into_owned());
    Document::new(TOOL.to_owned(), machine::describe(), now(), command_line(words))
}

/// The current time, by RFC 3339.
pub fn now() -> String {
    rfc3339(jiff::Timestamp::now())
}

/// A time, by RFC 3339, in whole seconds.
pub fn rfc3339(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Opens `file`, and decompresses it if it is gzipped.
///
/// # Errors
///
/// If it cannot be read; the message has the file's name.
pub fn open(file: &Path) -> anyhow::Result<Input> {
    let named = || file.display().to_string();
    Input::new(Box::new(File::open(file).with_context(named)?)).with_context(named)
}

/// Reads the result.json `file`, gzipped or not.
///
/// # Errors
///
/// If it cannot be read, or is not a result.json of this version; the message has the file's name and the place.
pub fn read(file: &Path) -> anyhow::Result<Document> {
    Document::parse(&mut open(file)?).with_context(|| file.display().to_string())
}
