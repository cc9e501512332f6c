//! `result.json`.

use results::capacity;
use results::document::Document;

/// The result, one value a line.
///
/// # Errors
///
/// Where it can't be written as JSON.
pub fn text(document: &Document) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

/// The JSON Schema of `result.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}

/// The JSON Schema of what `capacity --json` prints.
pub fn capacity_schema() -> schemars::Schema {
    schemars::schema_for!(capacity::Document)
}
