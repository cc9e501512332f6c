//! Errors of a manifest, and positions in its text.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A line and a column, both counted from 1.
pub type Position = (usize, usize);

/// A value with its position in the manifest, for errors that are found after the manifest was read.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub value: T,
    pub position: Position,
}

/// An error in a manifest: its position, and what is allowed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The manifest.
    pub path: PathBuf,
    /// `None` if the error has no position, such as a file that can't be read.
    pub position: Option<Position>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl ManifestError {
    /// Returns the error of the file at `path` with the content `text`. `span` is a range of bytes in `text`.
    pub fn at(path: &Path, text: &str, span: Option<Range<usize>>, message: &str) -> Self {
        Self {
            path: path.to_owned(),
            position: span.map(|span| position_of(text, span.start)),
            message: message.trim_end().replace('\n', "; "),
        }
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::NotFound => {
                "no such file; name the manifest, or go to the folder that has a spin.toml".into()
            }
            _ => format!("can't be read: {error}"),
        };
        Self { path: path.to_owned(), position: None, message }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ManifestError {}

/// All errors that were found in a manifest, in the order of their positions. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestErrors(Vec<ManifestError>);

impl ManifestErrors {
    /// Returns `Ok` if there is no error.
    pub(crate) fn none_of(mut errors: Vec<ManifestError>) -> Result<(), Self> {
        errors.sort_by_key(|error| error.position);
        errors.dedup();
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }
}

impl From<ManifestError> for ManifestErrors {
    fn from(error: ManifestError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ManifestErrors {
    /// One line for each error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(f, "{line_end}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestErrors {}

/// Returns the position of the byte at `offset`.
pub(super) fn position_of(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
