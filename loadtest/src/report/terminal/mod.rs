//! Results for the terminal: a table of setups by systems, a timeline of each burst, and the summaries.

mod timelines;

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL;
use comfy_table::{ContentArrangement, Table};
use judge::verdict::Kind;
use results::document::{Burst, Document};
use results::sentences;
use results::summary::overview::{Cell, Overview, Row, original};
use results::summary::{Column, summaries};

use super::hey;
use super::wrap::{DEFAULT_WIDTH, wrapped};

/// Returns the output of `run`. `with_timelines` adds a timeline of each burst.
pub fn run(document: &Document, width: Option<u16>, with_timelines: bool) -> String {
    let overview = Overview::new(document);
    let mut table = Table::new();
    table.load_style(UTF8_FULL).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.unwrap_or(DEFAULT_WIDTH));
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
            let cell = comfy_table::Cell::new(verdicts(row, cells, column.instance_noun()));
            match colour(cells) {
                Some(colour) => cell.fg(colour),
                None => cell,
            }
        }));
        table.add_row(cells);
    }
    let mut text = format!("{table}\n");
    if with_timelines {
        text += &timelines::all(&overview, width.unwrap_or(DEFAULT_WIDTH).into());
    }
    for summary in summaries(document) {
        let _ = write!(text, "\n{}\n", wrapped(&summary, "", width));
    }
    text + "\n" + &wrapped(&(sentences::usage(document) + &sentences::generator(document)), "", width) + "\n"
}

/// Returns the terminal's width; `None` if standard output is not a terminal.
pub fn width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns)
}

/// Returns the output of `burst`: each burst in hey's format, and its verdict and a drawing below; if `is_quiet`, only the
/// verdict. `flags` are those for the requests, if they are known.
pub fn bursts(document: &Document, width: Option<u16>, is_quiet: bool, flags: Option<&[String]>) -> String {
    let mut text = match is_quiet {
        true => document.bursts().map(|burst| verdict_of_burst(burst, width)).collect::<Vec<_>>().join("\n"),
        false => summaries_and_verdicts(document, width),
    };
    // The requests of other tools can't be sent again.
    let own = document.bursts().filter(|_| document.foreign().is_none());
    let hints: Vec<String> = own.filter_map(|burst| sentences::diagnose_hint(burst, flags)).collect();
    if !hints.is_empty() {
        // A command is not wrapped: it is copied.
        text += &format!("\n{}\n", hints.join("\n"));
    }
    text
}

fn summaries_and_verdicts(document: &Document, width: Option<u16>) -> String {
    let has_several = document.bursts().count() > 1;
    let mut text = String::new();
    for burst in document.bursts() {
        if has_several {
            let _ = writeln!(text, "{}", burst.url);
        }
        let timeline = timelines::burst(burst, width.unwrap_or(DEFAULT_WIDTH).into());
        let _ = writeln!(text, "{}\n{}\n{timeline}", hey::summary(burst), verdict_of_burst(burst, width));
    }
    text + &wrapped(&sentences::generator(document), "", width) + "\n"
}

fn verdict_of_burst(burst: &Burst, width: Option<u16>) -> String {
    let confidence = burst.verdict.confidence_note();
    let mut text = format!("{}: {}{confidence}\n", burst.url, timelines::coloured(burst));
    for sentence in sentences::burst(burst) {
        let _ = writeln!(text, "{}", wrapped(&sentence, "  ", width));
    }
    text
}

fn heading(column: &Column) -> String {
    match column.manifest {
        // Short lines let the verdicts decide the width.
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
    let text = |burst: &Burst| {
        let Some((kind, expected)) = original(burst) else { return "-".to_owned() };
        kind.to_string() + &expected.map_or(String::new(), |kind| format!("\nexpected: {kind}"))
    };
    let bursts = &row.setup.bursts;
    lines(row, bursts.iter().map(|burst| (burst, text(burst))))
}

fn verdicts(row: &Row, cells: &[Cell], noun: &str) -> String {
    lines(row, cells.iter().map(|cell| (cell.median, verdict(cell, noun))))
}

/// Returns the colour of a cell if its bursts agree. The words have the same meaning.
fn colour(cells: &[Cell]) -> Option<comfy_table::Color> {
    let first = cells.first()?.median.verdict.kind;
    if cells.iter().any(|cell| !cell.unmet.is_empty()) {
        return Some(comfy_table::Color::Red);
    }
    cells.iter().all(|cell| cell.median.verdict.kind == first).then_some(match first {
        Kind::Parallel => comfy_table::Color::Green,
        Kind::Sequential | Kind::Refused => comfy_table::Color::Red,
        Kind::Limited | Kind::Inconclusive => comfy_table::Color::Yellow,
    })
}

/// Returns the verdict, the time and the number of instances.
fn verdict(cell: &Cell, noun: &str) -> String {
    let mut text = format!("{}, {}", cell.median.verdict.headline(), cell.time());
    text += &cell.mechanism().map_or(String::new(), |mechanism| format!(", {mechanism}"));
    text += &cell.agreement().map_or(String::new(), |agreement| format!("\n  {agreement}"));
    text += &cell.instances(noun).map_or(String::new(), |instances| format!(", {instances}"));
    for unmet in &cell.unmet {
        text += &format!("\n  {unmet}");
    }
    text
}

/// Returns a line for each burst, with its endpoint if there are several.
fn lines<'a>(row: &Row, texts: impl Iterator<Item = (&'a Burst, String)>) -> String {
    let line = |(burst, text): (&Burst, String)| match row.has_several_bursts() {
        true => format!("{} {text}", burst.endpoint),
        false => text,
    };
    texts.map(line).collect::<Vec<_>>().join("\n")
}
