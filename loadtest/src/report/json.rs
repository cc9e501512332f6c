//! `result.json`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::capacity;
use crate::result::Document;

/// Makes `folder` where it is missing, and shows that it can be written to: better before a long
/// measurement than after.
///
/// # Errors
///
/// Where it can't be.
pub fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let aside = aside(folder);
    fs::write(&aside, "")?;
    fs::remove_file(aside)
}

fn aside(folder: &Path) -> PathBuf {
    folder.join(".result.json.new")
}

/// Writes `result.json` to `folder`, and gives back its path.
///
/// The file is replaced whole: a reader never sees half of one, and an older one is lost only when
/// the new one is there.
///
/// # Errors
///
/// Where the folder or the file can't be written.
pub fn write(document: &Document, folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("result.json");
    let aside = aside(folder);
    fs::write(&aside, serde_json::to_string_pretty(document)? + "\n")?;
    fs::rename(&aside, &path)?;
    Ok(path)
}

/// The JSON Schema of `result.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}

/// The JSON Schema of what `capacity --json` prints.
pub fn capacity_schema() -> schemars::Schema {
    schemars::schema_for!(capacity::Document)
}
