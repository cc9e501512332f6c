//! What a format of comparisons provides, and the content that all formats render.

/// The columns of the table.
pub const COLUMNS: [&str; 5] = ["Burst", "Before", "After", "Verdict", "Times: before, after, ratio"];

/// A format of comparisons.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name, as `--format` has it.
    pub name: &'static str,
    /// The help text of `--format`.
    pub help: &'static str,
    /// Renders a comparison. Only the terminal uses the width.
    pub render: fn(&Content, Option<u16>) -> anyhow::Result<String>,
}

/// The content of a comparison.
pub struct Content {
    /// The title.
    pub title: String,
    /// What must be known before the table is read.
    pub above: Option<String>,
    /// The rows of the table. A cell is a list of lines.
    pub rows: Vec<[Vec<String>; COLUMNS.len()]>,
    /// The sentences below the table.
    pub sentences: Vec<String>,
}
