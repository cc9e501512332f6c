//! What a report format provides.

use results::document::Document;

/// A format of the results.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name, as `--format` has it.
    pub name: &'static str,
    /// The name of the file in the folder of `--out`.
    pub file: &'static str,
    /// The help text of `--format`.
    pub help: &'static str,
    /// Renders a result.
    pub render: fn(&Document) -> anyhow::Result<String>,
}
