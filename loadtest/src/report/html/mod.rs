//! The report as a page: one file that needs nothing else, and no network.

mod data;

use askama::Template;
use judge::units;
use judge::verdict::{Confidence, Kind};
use results::chart::figure::Figure;
use results::document::{Burst, Document, Latency, Run};
use results::summary::overview::{Cell, Overview, Row, original};
use results::summary::{Column, lessons};

use super::sentences;
use data::Data;

/// The page's script; its hash is what the page's policy lets run.
const SCRIPT: &str = include_str!("../../../templates/report.js");
const STYLE: &str = include_str!("../../../templates/report.css");

/// The most bars of a drawing: more lie too close to be told apart.
const BARS: usize = 120;
/// The most bars of all drawings, which keep the file small.
const ALL_BARS: usize = 3_600;
/// The fewest bars of a drawing, however many there are.
const FEW_BARS: usize = 4;

/// The page.
///
/// # Errors
///
/// Where the data can't be written as JSON.
pub fn page(document: &Document) -> anyhow::Result<String> {
    let overview = Overview::of(document);
    let bars = (ALL_BARS / document.bursts().count().max(1)).clamp(FEW_BARS, BARS);
    let page = Page {
        document,
        overview: &overview,
        sections: overview
            .rows
            .iter()
            .enumerate()
            .map(|(at, row)| section(&overview, row, at, bars))
            .collect(),
        lessons: lessons(document).iter().map(|lesson| lesson.lines().map(str::to_owned).collect()).collect(),
        used: sentences::used(document),
        generator: sentences::generator(document),
        policy: format!("sha256-{}", data::sha256(SCRIPT)),
        data: Data::of(document)?,
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    document: &'a Document,
    overview: &'a Overview<'a>,
    sections: Vec<Section<'a>>,
    lessons: Vec<Vec<String>>,
    used: String,
    generator: String,
    /// Which script may run.
    policy: String,
    data: Data,
}

/// A setup's drawings.
struct Section<'a> {
    setup: &'a Run,
    parts: Vec<Part<'a>>,
}

/// A burst on a system.
struct Part<'a> {
    /// Its heading's name in the page.
    id: String,
    /// The system, and how its instances are used.
    system: String,
    /// How many rounds there were; this is the one with the middle makespan.
    rounds: usize,
    burst: &'a Burst,
    figure: Figure,
}

fn section<'a>(overview: &Overview<'a>, row: &Row<'a>, at: usize, bars: usize) -> Section<'a> {
    let columns = overview.columns.iter().zip(&row.cells);
    let cells = columns.flat_map(|(column, cells)| cells.iter().map(move |cell| (column, cell)));
    let part = |(index, (column, cell)): (usize, (&Column, &Cell<'a>))| Part {
        id: format!("b{}-{}", at + 1, index + 1),
        system: column.name(),
        rounds: cell.rounds.0,
        burst: cell.middle,
        figure: Figure::of(cell.middle, column.places(), bars),
    };
    Section { setup: row.setup, parts: cells.enumerate().map(part).collect() }
}

impl Part<'_> {
    fn sentences(&self) -> Vec<String> {
        sentences::all(self.burst)
    }

    fn latency(&self) -> Vec<(&'static str, String)> {
        let told = |latency: &Latency| {
            [
                ("least", latency.min),
                ("median", latency.p50),
                ("90 %", latency.p90),
                ("99 %", latency.p99),
                ("most", latency.max),
            ]
            .map(|(name, ms)| (name, units::time(ms)))
            .to_vec()
        };
        self.burst.latency_ms.as_ref().map(told).unwrap_or_default()
    }
}

impl Page<'_> {
    fn title(&self) -> String {
        let urls = || self.document.bursts().map(|burst| burst.url.as_str()).collect::<Vec<_>>().join(", ");
        match self.document.runs.first() {
            Some(run) if run.setup == "burst" => format!("A burst at {}", urls()),
            _ => "How bursts of requests were served".to_owned(),
        }
    }

    fn has_original(&self) -> bool {
        self.overview.rows.iter().any(|row| row.is_original())
    }
}

/// What tells a verdict apart without its colour.
fn sign(kind: &Kind) -> &'static str {
    match kind {
        Kind::Parallel => "≡",
        Kind::Sequential => "⋱",
        Kind::Limited => "▤",
        Kind::Refused => "✕",
        Kind::Inconclusive => "?",
    }
}

fn is_sure(burst: &Burst) -> bool {
    burst.verdict.confidence == Confidence::High || burst.verdict.kind == Kind::Inconclusive
}

/// The original result of a burst, in words.
fn originally(burst: &Burst) -> String {
    match original(burst) {
        Some((kind, Some(expected))) => format!("{kind} (its author expected {expected})"),
        Some((kind, None)) => kind.to_string(),
        None => "–".to_owned(),
    }
}

fn details(cell: &Cell, places: &str) -> String {
    [Some(cell.time()), cell.places(places), cell.agreement()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
