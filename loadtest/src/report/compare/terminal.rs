//! A comparison for the terminal.

use comfy_table::presets::UTF8_FULL;
use comfy_table::{ContentArrangement, Table};

use super::format::{COLUMNS, Content, Format};
use crate::report::wrap::{DEFAULT_WIDTH, wrapped};

/// The format.
pub const FORMAT: Format =
    Format { name: "terminal", help: "For a terminal", render: |content, width| Ok(text(content, width)) };

fn text(content: &Content, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.unwrap_or(DEFAULT_WIDTH)).force_no_tty();
    table.set_header(COLUMNS);
    for row in &content.rows {
        table.add_row(row.iter().map(|lines| lines.join("\n")));
    }
    let above = content.above.iter().map(|sentence| wrapped(sentence, "", width) + "\n\n");
    let sentences = content.sentences.iter().map(|sentence| wrapped(sentence, "", width) + "\n");
    format!("{}{table}\n\n{}", above.collect::<String>(), sentences.collect::<String>())
}
