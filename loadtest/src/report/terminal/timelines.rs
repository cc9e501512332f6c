//! The timelines of bursts, side by side if the terminal is wide enough.

use console::{Alignment, pad_str, style};
use judge::verdict::Kind;
use results::chart::text::{INFERRED_LEGEND, LEGEND, is_inferred, timeline};
use results::document::Burst;
use results::summary::overview::{Cell, Overview, Row};

use crate::report::wrap::wrapped;

/// The least width of a timeline, unless the terminal is narrower.
const MIN_WIDTH: usize = 36;
/// The space between two timelines.
const GAP: usize = 2;
/// The indentation of a single timeline.
const INDENT: &str = "  ";

/// Returns the timelines of all bursts of all setups.
pub fn all(overview: &Overview, width: usize) -> String {
    let rows: String = overview.rows.iter().map(|row| setup(overview, row, width)).collect();
    let mut bursts = overview.rows.iter().flat_map(|row| &row.cells).flatten().map(|cell| cell.median);
    match rows.is_empty() {
        true => rows,
        false => format!("\n{}\n{rows}", legend(bursts.any(is_inferred), "", width)),
    }
}

/// Returns the timeline of a burst, with the legend.
pub fn burst(burst: &Burst, width: usize) -> String {
    if burst.requests.is_empty() {
        return String::new();
    }
    let columns = width.saturating_sub(INDENT.len()).max(1);
    let lines = timeline(burst, columns);
    let lines: String = lines.lines().map(|line| format!("{INDENT}{line}\n")).collect();
    lines + &legend(is_inferred(burst), INDENT, width) + "\n"
}

fn legend(is_inferred: bool, indent: &str, width: usize) -> String {
    let inferred = if is_inferred { format!(" {INFERRED_LEGEND}") } else { String::new() };
    wrapped(&(LEGEND.to_owned() + &inferred), indent, Some(u16::try_from(width).unwrap_or(u16::MAX)))
}

/// Returns the verdict in its colour, if the terminal has colours. The words have the same meaning.
pub fn coloured(burst: &Burst) -> String {
    let words = style(burst.verdict.headline()).bold();
    match burst.verdict.kind {
        Kind::Parallel => words.green(),
        Kind::Sequential | Kind::Refused => words.red(),
        Kind::Limited | Kind::Inconclusive => words.yellow(),
    }
    .to_string()
}

fn setup(overview: &Overview, row: &Row, width: usize) -> String {
    let per_line = ((width + GAP) / (MIN_WIDTH + GAP)).max(1);
    let columns = overview.columns.iter().zip(&row.cells);
    let shown: Vec<(String, &Cell)> = columns
        .flat_map(|(column, cells)| cells.iter().map(move |cell| (column.name(), cell)))
        .filter(|(_, cell)| !cell.median.requests.is_empty())
        .collect();
    let per_line = per_line.min(shown.len().max(1));
    let each = ((width + GAP) / per_line).saturating_sub(GAP).max(1);
    let blocks: Vec<Vec<String>> =
        shown.iter().map(|(system, cell)| block(system, cell.median, each)).collect();
    let mut text = String::new();
    for blocks in blocks.chunks(per_line) {
        text += &format!("\nSetup {}\n", row.setup.setup);
        text += &side_by_side(blocks, each);
    }
    text
}

fn block(system: &str, burst: &Burst, width: usize) -> Vec<String> {
    let mut lines = textwrap::wrap(&format!("{} on {system}:", burst.endpoint), width)
        .into_iter()
        .map(|line| line.into_owned())
        .collect::<Vec<_>>();
    lines.push(coloured(burst));
    lines.extend(timeline(burst, width).lines().map(str::to_owned));
    lines
}

fn side_by_side(blocks: &[Vec<String>], width: usize) -> String {
    let height = blocks.iter().map(Vec::len).max().unwrap_or(0);
    let mut text = String::new();
    for at in 0..height {
        let cells = blocks.iter().map(|block| block.get(at).map_or("", String::as_str));
        let line = cells
            .map(|cell| pad_str(cell, width, Alignment::Left, None))
            .collect::<Vec<_>>()
            .join(&" ".repeat(GAP));
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use console::measure_text_width;
    use results::document::sample;

    use super::*;
    use crate::report::terminal;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let document = sample::document(vec![sample::together(), sample::waves(), sample::rate()]);
        for width in [1_u16, 20, 40, 80, 100, 200] {
            let overview = Overview::new(&document);
            for line in all(&overview, width.into()).lines().filter(|line| line.contains('█')) {
                assert!(measure_text_width(line) <= width.into(), "{width}: {line}");
            }
        }
    }

    #[test]
    fn the_text_of_a_fixed_result_is_unchanged() {
        let document = sample::document(vec![sample::together(), sample::waves()]);
        insta::assert_snapshot!("eighty_columns", terminal::run(&document, Some(80), true));
        insta::assert_snapshot!("wide", terminal::run(&document, Some(140), true));
        insta::assert_snapshot!("burst", terminal::bursts(&document, Some(80), false, Some(&[])));
        let document = sample::document(vec![sample::rate(), sample::pool(), sample::open()]);
        insta::assert_snapshot!("mechanisms_80", terminal::run(&document, Some(80), true));
        insta::assert_snapshot!("mechanisms_120", terminal::run(&document, Some(120), true));
        let document = sample::document(vec![sample::rate()]);
        insta::assert_snapshot!("mechanisms_burst", terminal::bursts(&document, Some(80), false, Some(&[])));
    }
}
