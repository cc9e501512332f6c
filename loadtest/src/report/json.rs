//! `result.json`: everything that was measured and judged.

use results::capacity;
use results::document::Document;

use super::format::Format;

/// The format.
pub(super) const FORMAT: Format = Format {
    name: "json",
    file: "result.json",
    help: "Everything that was measured and judged",
    render: |document| Ok(serde_json::to_string_pretty(document)? + "\n"),
};

/// Returns the JSON Schema of `result.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}

/// Returns the JSON Schema of the output of `capacity --json`.
pub fn capacity_schema() -> schemars::Schema {
    schemars::schema_for!(capacity::Document)
}
