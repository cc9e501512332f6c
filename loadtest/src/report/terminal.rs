//! The results as text: a table of setups by systems, then what it means.

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL;
use comfy_table::{Cell, ContentArrangement, Table};

use super::hey;
use crate::lesson::{Column, columns, lessons};
use crate::processes::Usage;
use crate::result::{Burst, Document, Run, SystemUsage};
use crate::stats::nearest_rank;
use crate::trace::Http2;
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
        cells.extend(
            columns.iter().map(|column| Cell::new(verdicts(&column.rounds(&setup.setup), column.places()))),
        );
        table.add_row(cells);
    }
    let mut text = format!("{table}\n");
    for lesson in lessons(document) {
        let _ = write!(text, "\n{}\n", wrapped(&lesson, "", width));
    }
    text + "\n" + &wrapped(&(used(document) + &generator(document)), "", width) + "\n"
}

/// What the systems needed, the most of all rounds.
fn used(document: &Document) -> String {
    let mut text = String::new();
    for column in columns(document) {
        let of_column = |usage: &&SystemUsage| {
            usage.system == column.system && usage.manifest.as_deref() == column.manifest
        };
        let used: Vec<_> = document.systems.iter().filter(of_column).map(|system| system.usage).collect();
        let most = |value: fn(&Usage) -> f64| used.iter().map(value).fold(0.0, f64::max);
        if !used.is_empty() {
            let manifest = column.manifest.map_or(String::new(), |manifest| format!(" ({manifest})"));
            let _ = write!(
                text,
                "{}{manifest} used {:.0} MiB of memory at most, and {} of processor time. ",
                column.system,
                most(|usage| usage.memory_peak_mib),
                units::time(most(|usage| usage.cpu_s) * 1e3),
            );
        }
    }
    text
}

/// The terminal's width; `None` where standard output is none.
pub fn width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns)
}

/// The bursts of `burst`, one after the other: each as hey tells it, and its verdict below.
pub fn bursts(document: &Document, width: Option<u16>) -> String {
    let several = document.bursts().count() > 1;
    let mut text = String::new();
    for burst in document.bursts() {
        if several {
            let _ = writeln!(text, "{}", burst.url);
        }
        let _ = writeln!(text, "{}\n{}", hey::summary(burst), judged(burst, width));
    }
    text + &wrapped(&generator(document), "", width) + "\n"
}

fn judged(burst: &Burst, width: Option<u16>) -> String {
    let confidence = match burst.verdict.confidence {
        // It says itself that nothing is sure.
        _ if burst.verdict.kind == Kind::Inconclusive => "",
        Confidence::Low => " (low confidence)",
        Confidence::Medium => " (medium confidence)",
        Confidence::High => "",
    };
    let mut text = format!("{}: {}{confidence}\n", burst.url, burst.verdict.headline());
    let sentences =
        [Some(burst.verdict.why.clone()), burst.verdict.remedy.clone(), unsent(burst), counted(burst)];
    for sentence in sentences.into_iter().flatten() {
        let _ = writeln!(text, "{}", wrapped(&sentence, "  ", width));
    }
    let over = match burst.http2 {
        Some(Http2 { connections, streams_each }) => {
            let limit = streams_each.map_or("no limit".to_owned(), |limit| format!("a limit of {limit}"));
            let plural = if connections == 1 { "" } else { "s" };
            format!(
                ", {} at a time, over {connections} HTTP/2 connection{plural} (with {limit} to the streams on each)",
                burst.c
            )
        }
        None => format!(" over {} connections", burst.c),
    };
    let line = format!(
        "{} requests{over}: {} answered, {} failed; makespan {}, sends up to {} late",
        burst.n,
        burst.ok,
        burst.failed,
        units::time(burst.makespan_ms),
        units::time(burst.start_skew_us / 1e3),
    );
    let _ = writeln!(text, "{}", wrapped(&line, "  ", width));
    text
}

fn unsent(burst: &Burst) -> Option<String> {
    (burst.unsent > 0).then(|| {
        format!(
            "{} requests were due before the end and never sent, because no connection was free: the latency from \
             the planned send would be worse than it says. Give more connections, or a lower rate.",
            burst.unsent
        )
    })
}

fn counted(burst: &Burst) -> Option<String> {
    (burst.counted_only > 0).then(|| {
        format!(
            "The verdict is of the first {} requests; {} more are in the counts and times above, which are good to \
             three digits (--max-rows keeps more).",
            burst.requests.len(),
            burst.counted_only
        )
    })
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

/// What came of a setup's rounds: the verdict, how long it took, and over how many places it was spread.
fn verdicts(rounds: &[&Run], places: &str) -> String {
    let Some(first) = rounds.first() else { return String::new() };
    let all = |burst: &Burst| -> Vec<&Burst> {
        let same = |run: &&Run| run.bursts.iter().position(|other| std::ptr::eq(other, burst));
        let at = same(first).unwrap_or(0);
        rounds.iter().filter_map(|run| run.bursts.get(at)).collect()
    };
    lines(first, |burst| rounds_of(&all(burst), places))
}

fn rounds_of(bursts: &[&Burst], places: &str) -> String {
    let mut by_time = bursts.to_vec();
    by_time.sort_by(|a, b| a.makespan_ms.total_cmp(&b.makespan_ms));
    let Some(middle) = nearest_rank(by_time.len(), 0.5).map(|rank| by_time[rank]) else {
        return String::new();
    };
    // A number stays with its unit.
    let time = |burst: &Burst| units::time(burst.makespan_ms).replace(' ', "\u{a0}");
    let mut text = format!("{}, {}", middle.verdict.headline(), time(middle));
    if let [least, .., most] = &by_time[..] {
        text += &format!(" ({} to {})", time(least), time(most));
    }
    let alike = bursts.iter().filter(|burst| burst.verdict.kind == middle.verdict.kind).count();
    if alike < bursts.len() {
        text += &format!("\n  {alike} of {} rounds", bursts.len());
    }
    if middle.instances > 0 {
        let places = if middle.instances == 1 { places.trim_end_matches('s') } else { places };
        text += &format!(", {}\u{a0}{places}", middle.instances);
    }
    if let Some(mismatch) = bursts.iter().find_map(|burst| burst.mismatch.as_ref()) {
        text += &format!("\n  NOT as expected: {mismatch}");
    }
    text
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
