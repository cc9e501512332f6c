//! `result.json`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::result::Document;

/// Writes `result.json` to `folder`, which is made where it is missing, and gives back its path.
///
/// The file is replaced whole: a reader never sees half of one, and an older one is lost only when
/// the new one is there.
///
/// # Errors
///
/// Where the folder or the file can't be written.
pub fn write(document: &Document, folder: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join("result.json");
    let aside = folder.join(".result.json.new");
    fs::write(&aside, serde_json::to_string_pretty(document)? + "\n")?;
    fs::rename(&aside, &path)?;
    Ok(path)
}

/// The JSON Schema of `result.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}
