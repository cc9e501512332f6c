//! The results as text: a table of setups by systems, then what it means.

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL;
use comfy_table::{Cell, ContentArrangement, Table};

use crate::lesson::{Column, columns, lessons};
use crate::result::{Burst, Document, Run};
use crate::units;
use crate::verdict::{Confidence, Kind};

/// The width where standard output is no terminal.
pub(super) const WIDTH: u16 = 100;

/// The table of `run`, and what it means.
pub fn run(document: &Document, width: Option<u16>) -> String {
    let columns = columns(document);
    let mut table = Table::new();
    table.load_style(UTF8_FULL).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.unwrap_or(WIDTH));
    let mut header =
        vec!["Setup".to_owned(), "FastAPI,\noriginal result\n(and what its\nauthor expected)".to_owned()];
    header.extend(columns.iter().map(heading));
    table.set_header(header);
    for setup in setups(document) {
        let mut cells = vec![Cell::new(describe(setup)), Cell::new(original(setup))];
        cells.extend(columns.iter().map(|column| {
            let run = column.runs.iter().find(|run| run.setup == setup.setup);
            Cell::new(run.map_or(String::new(), |run| verdicts(run)))
        }));
        table.add_row(cells);
    }
    let mut text = format!("{table}\n");
    for lesson in lessons(document) {
        let _ = write!(text, "\n{}\n", wrapped(&lesson, "", width));
    }
    text + "\n" + &wrapped(&generator(document), "", width) + "\n"
}

/// The terminal's width; `None` where standard output is none.
pub fn width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns)
}

/// The bursts of `burst`, one after the other.
pub fn bursts(document: &Document, width: Option<u16>) -> String {
    let mut text = String::new();
    for burst in document.bursts() {
        let confidence = match burst.verdict.confidence {
            // It says itself that nothing is sure.
            _ if burst.verdict.kind == Kind::Inconclusive => "",
            Confidence::Low => " (low confidence)",
            Confidence::Medium => " (medium confidence)",
            Confidence::High => "",
        };
        let _ = writeln!(text, "{}: {}{confidence}", burst.url, burst.verdict.headline());
        for sentence in [Some(&burst.verdict.why), burst.verdict.remedy.as_ref()].into_iter().flatten() {
            let _ = writeln!(text, "{}", wrapped(sentence, "  ", width));
        }
        let _ = writeln!(
            text,
            "  {} requests over {} connections: {} answered, {} failed; makespan {}, sends up to {} late",
            burst.n,
            burst.c,
            burst.ok,
            burst.failed,
            units::time(burst.makespan_ms),
            units::time(burst.start_skew_us / 1e3),
        );
        if let Some(latency) = &burst.latency_ms {
            let [min, p50, p90, p99, max] =
                [latency.min, latency.p50, latency.p90, latency.p99, latency.max].map(units::time);
            let _ = writeln!(text, "  latency: min {min}, p50 {p50}, p90 {p90}, p99 {p99}, max {max}");
        }
        text.push('\n');
    }
    text + &wrapped(&generator(document), "", width) + "\n"
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

/// One run of each setup, in the order in which they were fired.
fn setups(document: &Document) -> Vec<&Run> {
    let mut setups: Vec<&Run> = Vec::new();
    for run in &document.runs {
        if setups.iter().all(|seen| seen.setup != run.setup) {
            setups.push(run);
        }
    }
    setups
}

fn describe(run: &Run) -> String {
    let bursts: Vec<_> = run.bursts.iter().map(|burst| format!("{} x {}", burst.n, burst.endpoint)).collect();
    format!("{} {}\n  {}", run.setup, run.title, bursts.join(", "))
}

fn original(run: &Run) -> String {
    lines(run, |burst| {
        let expected = burst.author_expected.map_or(String::new(), |kind| format!("\nexpected: {kind}"));
        burst.fastapi.map_or("-".to_owned(), |kind| format!("{kind}{expected}"))
    })
}

fn verdicts(run: &Run) -> String {
    lines(run, |burst| {
        let expected = burst.mismatch.as_ref();
        let expected = expected.map_or(String::new(), |expected| format!("\n  NOT as expected: {expected}"));
        // A number stays with its unit.
        let makespan = units::time(burst.makespan_ms).replace(' ', "\u{a0}");
        format!("{}, {makespan}{expected}", burst.verdict.headline())
    })
}

/// A line for each burst; its endpoint is named where there are several.
fn lines(run: &Run, tell: impl Fn(&Burst) -> String) -> String {
    let several = run.bursts.len() > 1;
    let line = |burst: &Burst| match several {
        true => format!("{} {}", burst.endpoint, tell(burst)),
        false => tell(burst),
    };
    run.bursts.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn generator(document: &Document) -> String {
    let generator = &document.generator;
    format!(
        "The load generator used at most {:.0} % of the processors, and its timers were {} late (p99).",
        generator.cpu * 100.0,
        units::time(generator.lag_p99_us / 1e3),
    )
}
