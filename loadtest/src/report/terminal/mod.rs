//! The results as text: a table of setups by systems, a drawing of each burst, then what it means.

mod drawings;

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL;
use comfy_table::{ContentArrangement, Table};
use judge::verdict::{Confidence, Kind};
use results::document::{Burst, Document};
use results::summary::overview::{Cell, Overview, Row, original};
use results::summary::{Column, lessons};

use super::{hey, sentences};

/// The width where standard output is no terminal.
pub(super) const WIDTH: u16 = 100;

/// The table of `run`, a drawing of each burst where `is_drawn`, and what it means.
pub fn run(document: &Document, width: Option<u16>, is_drawn: bool) -> String {
    let overview = Overview::of(document);
    let mut table = Table::new();
    table.load_style(UTF8_FULL).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.unwrap_or(WIDTH));
    if console::colors_enabled() {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    let mut header =
        vec!["Setup".to_owned(), "FastAPI,\noriginal result\n(and what its\nauthor expected)".to_owned()];
    header.extend(overview.columns.iter().map(heading));
    table.set_header(header);
    for row in &overview.rows {
        let mut cells = vec![comfy_table::Cell::new(describe(row)), comfy_table::Cell::new(originals(row))];
        let columns = overview.columns.iter().zip(&row.cells);
        cells.extend(columns.map(|(column, cells)| {
            let told = comfy_table::Cell::new(verdicts(row, cells, column.places()));
            match colour(cells) {
                Some(colour) => told.fg(colour),
                None => told,
            }
        }));
        table.add_row(cells);
    }
    let mut text = format!("{table}\n");
    if is_drawn {
        text += &drawings::all(&overview, width.unwrap_or(WIDTH).into());
    }
    for lesson in lessons(document) {
        let _ = write!(text, "\n{}\n", wrapped(&lesson, "", width));
    }
    text + "\n" + &wrapped(&(sentences::used(document) + &sentences::generator(document)), "", width) + "\n"
}

/// The terminal's width; `None` where standard output is none.
pub fn width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns)
}

/// The bursts of `burst`, one after the other: each as hey tells it, and its verdict below.
pub fn bursts(document: &Document, width: Option<u16>, is_drawn: bool) -> String {
    let several = document.bursts().count() > 1;
    let mut text = String::new();
    for burst in document.bursts() {
        if several {
            let _ = writeln!(text, "{}", burst.url);
        }
        let _ = writeln!(text, "{}\n{}", hey::summary(burst), judged(burst, width));
        if is_drawn {
            let _ = writeln!(text, "{}", drawings::of_burst(burst, width.unwrap_or(WIDTH).into()));
        }
    }
    text + &wrapped(&sentences::generator(document), "", width) + "\n"
}

fn judged(burst: &Burst, width: Option<u16>) -> String {
    let confidence = match burst.verdict.confidence {
        // It says itself that nothing is sure.
        _ if burst.verdict.kind == Kind::Inconclusive => "",
        Confidence::Low => " (low confidence)",
        Confidence::Medium => " (medium confidence)",
        Confidence::High => "",
    };
    let mut text = format!("{}: {}{confidence}\n", burst.url, drawings::coloured(burst));
    for sentence in sentences::all(burst) {
        let _ = writeln!(text, "{}", wrapped(&sentence, "  ", width));
    }
    text
}

/// Lines that a terminal doesn't break in the middle of a word, nor a flag at its dashes.
pub(super) fn wrapped(text: &str, indent: &str, width: Option<u16>) -> String {
    let options = textwrap::Options::new(usize::from(width.unwrap_or(WIDTH)))
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace);
    textwrap::fill(text, options)
}

fn heading(column: &Column) -> String {
    match column.manifest {
        // Narrow, so that the verdicts below decide the width.
        Some(manifest) => {
            format!("{}\n({},\n{manifest})", column.label().replace(", ", ",\n"), column.system)
        }
        None => column.label(),
    }
}

fn describe(row: &Row) -> String {
    format!("{} {}\n  {}", row.setup.setup, row.setup.title, row.sizes())
}

fn originals(row: &Row) -> String {
    let tell = |burst: &Burst| {
        let Some((kind, expected)) = original(burst) else { return "-".to_owned() };
        kind.to_string() + &expected.map_or(String::new(), |kind| format!("\nexpected: {kind}"))
    };
    let bursts = &row.setup.bursts;
    lines(row, bursts.iter().map(|burst| (burst, tell(burst))))
}

fn verdicts(row: &Row, cells: &[Cell], places: &str) -> String {
    lines(row, cells.iter().map(|cell| (cell.middle, verdict(cell, places))))
}

/// The cell's, where its bursts agree; the words say the same.
fn colour(cells: &[Cell]) -> Option<comfy_table::Color> {
    let first = cells.first()?.middle.verdict.kind;
    if cells.iter().any(|cell| !cell.broken.is_empty()) {
        return Some(comfy_table::Color::Red);
    }
    cells.iter().all(|cell| cell.middle.verdict.kind == first).then_some(match first {
        Kind::Parallel => comfy_table::Color::Green,
        Kind::Sequential | Kind::Refused => comfy_table::Color::Red,
        Kind::Limited | Kind::Inconclusive => comfy_table::Color::Yellow,
    })
}

/// The verdict, how long it took, and over how many places it was spread.
fn verdict(cell: &Cell, places: &str) -> String {
    let mut text = format!("{}, {}", cell.middle.verdict.headline(), cell.time());
    text += &cell.agreement().map_or(String::new(), |agreement| format!("\n  {agreement}"));
    text += &cell.places(places).map_or(String::new(), |places| format!(", {places}"));
    for broken in &cell.broken {
        text += &format!("\n  {broken}");
    }
    text
}

/// A line for each burst; its endpoint is named where there are several.
fn lines<'a>(row: &Row, told: impl Iterator<Item = (&'a Burst, String)>) -> String {
    let line = |(burst, text): (&Burst, String)| match row.is_several() {
        true => format!("{} {text}", burst.endpoint),
        false => text,
    };
    told.map(line).collect::<Vec<_>>().join("\n")
}
