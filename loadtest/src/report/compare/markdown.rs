//! A comparison as Markdown.

use super::format::{COLUMNS, Content, Format};
use crate::report::markdown::escaped;

/// The format.
pub const FORMAT: Format =
    Format { name: "markdown", help: "For an issue or a README", render: |content, _| Ok(text(content)) };

fn text(content: &Content) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let above = content.above.iter().map(|sentence| format!("{}\n\n", escaped(sentence)));
    let mut text = above.collect::<String>()
        + &line(COLUMNS.map(str::to_owned).to_vec())
        + &line(vec!["---".to_owned(); COLUMNS.len()]);
    for row in &content.rows {
        let cell =
            |lines: &Vec<String>| lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>");
        text += &line(row.iter().map(cell).collect());
    }
    let sentences = content.sentences.iter().map(|sentence| format!("\n{}\n", escaped(sentence)));
    text + &sentences.collect::<String>()
}
