//! A file to import.

use std::path::PathBuf;

use crate::input::Input;

/// A file to import.
pub struct Source {
    /// The name for messages and for the document.
    pub name: String,
    /// The content.
    pub input: Input,
    /// The path of the file: SQLite reads only files. `None` if there is no file; the content is then copied to a
    /// temporary file.
    pub path: Option<PathBuf>,
}
