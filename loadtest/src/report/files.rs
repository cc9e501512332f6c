//! The folder that results are written to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use results::document::Document;

use super::format::Format;

/// Creates `folder` if it is missing, and checks that it is writable, before a measurement that may take long.
///
/// # Errors
///
/// If the folder can't be created or written to.
pub fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let probe = temporary(folder, "probe");
    fs::write(&probe, "")?;
    fs::remove_file(probe)
}

fn temporary(folder: &Path, file: &str) -> PathBuf {
    folder.join(format!(".{file}.new"))
}

/// Writes the result to `folder`, and returns the file's path.
///
/// A rename replaces the file, so that a reader never sees an incomplete one, and an error leaves an older one intact.
///
/// # Errors
///
/// If the result can't be rendered, or the file can't be written.
pub fn write(document: &Document, format: &Format, folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join(format.file);
    let temporary = temporary(folder, format.file);
    fs::write(&temporary, (format.render)(document)?)?;
    fs::rename(&temporary, &path)?;
    Ok(path)
}
