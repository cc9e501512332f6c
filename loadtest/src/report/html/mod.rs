//! `report.html`: a self-contained page, which needs no network.

mod audited;
mod data;

use askama::Template;
use judge::units;
use judge::verdict::Kind;
use results::chart::as_one_burst;
use results::chart::svg::{self, Figure};
use results::document::{Burst, Diagnosed, Document, Latency, Run};
use results::sentences;
use results::summary::overview::{Cell, Overview, Row, original};
use results::summary::{Column, summaries};

use super::diagnosis;
use super::format::Format;
use audited::Audited;
use data::Data;

/// The format.
pub(super) const FORMAT: Format = Format {
    name: "html",
    file: "report.html",
    help: "A self-contained page with a chart of each burst",
    render: page,
};

/// The page's script. The page's policy allows only scripts with its hash.
const SCRIPT: &str = include_str!("../../../templates/report.js");
const STYLE: &str = include_str!("../../../templates/report.css");

/// The most bars of a chart. More bars would be too thin to distinguish.
const MAX_BARS: usize = 120;
/// The most bars of all charts, which bounds the size of the file.
const MAX_TOTAL_BARS: usize = 3_600;
/// The limit of bars of a chart is at least this, whatever the number of charts.
const MIN_BARS: usize = 4;

/// Renders the page.
///
/// # Errors
///
/// If the data can't be written as JSON.
pub fn page(document: &Document) -> anyhow::Result<String> {
    let overview = Overview::new(document);
    let bars = (MAX_TOTAL_BARS / document.bursts().count().max(1)).clamp(MIN_BARS, MAX_BARS);
    let page = Page {
        document,
        overview: &overview,
        diagnosed: document.diagnosis.as_ref(),
        audited: document.audit.as_ref().map(Audited::new),
        experiments: experiments(document, bars),
        sections: overview
            .rows
            .iter()
            .enumerate()
            .map(|(at, row)| section(&overview, row, at, bars))
            .collect(),
        summaries: summaries(document)
            .iter()
            .map(|summary| summary.lines().map(str::to_owned).collect())
            .collect(),
        usage: sentences::usage(document),
        generator: sentences::generator(document),
        policy: format!("sha256-{}", data::sha256(SCRIPT)),
        data: Data::new(document)?,
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    document: &'a Document,
    overview: &'a Overview<'a>,
    /// The diagnosis, instead of the verdicts on single bursts.
    diagnosed: Option<&'a Diagnosed>,
    /// The audit, above the verdicts on its bursts.
    audited: Option<Audited<'a>>,
    experiments: Vec<Experiment<'a>>,
    sections: Vec<Section<'a>>,
    summaries: Vec<Vec<String>>,
    usage: String,
    generator: String,
    /// The hash of the allowed script.
    policy: String,
    data: Data,
}

/// An experiment of a diagnosis.
struct Experiment<'a> {
    title: &'a str,
    /// Why it was chosen, what was seen, what it ruled out.
    lines: [String; 3],
    figure: Option<Figure>,
}

fn experiments(document: &Document, bars: usize) -> Vec<Experiment<'_>> {
    let findings = document.diagnosis.iter().flat_map(|found| &found.diagnosis.experiments);
    let pairs = findings.zip(&document.runs);
    pairs
        .map(|(finding, run)| Experiment {
            title: &finding.title,
            lines: diagnosis::lines(finding),
            figure: as_one_burst(run).map(|burst| Figure::new(&burst, bars)),
        })
        .collect()
}

/// The charts of a setup.
struct Section<'a> {
    setup: &'a Run,
    parts: Vec<Part<'a>>,
}

/// A burst on a system.
struct Part<'a> {
    /// The id of its heading.
    id: String,
    /// The name of the system, with the use of its instances.
    system: String,
    /// The number of rounds. The burst is that of the round with the median makespan.
    rounds: usize,
    burst: &'a Burst,
    /// The plural noun of the system's instances.
    instance_noun: &'static str,
    figure: Figure,
}

fn section<'a>(overview: &Overview<'a>, row: &Row<'a>, at: usize, bars: usize) -> Section<'a> {
    let columns = overview.columns.iter().zip(&row.cells);
    let cells = columns.flat_map(|(column, cells)| cells.iter().map(move |cell| (column, cell)));
    let part = |(index, (column, cell)): (usize, (&Column, &Cell<'a>))| Part {
        id: format!("b{}-{}", at + 1, index + 1),
        system: column.name(),
        rounds: cell.rounds.0,
        burst: cell.median,
        instance_noun: column.instance_noun(),
        figure: Figure::new(cell.median, bars),
    };
    Section { setup: row.setup, parts: cells.enumerate().map(part).collect() }
}

impl Part<'_> {
    fn sentences(&self) -> Vec<String> {
        sentences::burst(self.burst)
    }

    fn latency(&self) -> Vec<(&'static str, String)> {
        let rows = |latency: &Latency| {
            [
                ("minimum", latency.min),
                ("median", latency.p50),
                ("90 %", latency.p90),
                ("99 %", latency.p99),
                ("maximum", latency.max),
            ]
            .map(|(name, ms)| (name, units::time(ms)))
            .to_vec()
        };
        self.burst.latency_ms.as_ref().map(rows).unwrap_or_default()
    }
}

impl Experiment<'_> {
    fn id(&self, number: &usize) -> String {
        format!("x{number}")
    }
}

impl Page<'_> {
    fn sentences(&self) -> Vec<String> {
        self.diagnosed.map(diagnosis::sentences).unwrap_or_default()
    }

    fn title(&self) -> String {
        if let Some(found) = self.diagnosed {
            return format!("A diagnosis of {}", found.url);
        }
        if let Some(audited) = &self.audited {
            return format!("An audit of {}", audited.audit.manifest);
        }
        let urls = || self.document.bursts().map(|burst| burst.url.as_str()).collect::<Vec<_>>().join(", ");
        match self.document.runs.first() {
            Some(run) if run.setup == "burst" => format!("A burst at {}", urls()),
            _ => "How bursts of requests were served".to_owned(),
        }
    }

    /// What a row of the table of verdicts is.
    fn row_noun(&self) -> &'static str {
        if self.audited.is_some() { "Route" } else { "Setup" }
    }

    fn has_original(&self) -> bool {
        self.overview.rows.iter().any(|row| row.is_original())
    }
}

/// Returns the sign of a verdict, which distinguishes it without its colour.
fn sign(kind: &Kind) -> &'static str {
    match kind {
        Kind::Parallel => "≡",
        Kind::Sequential => "⋱",
        Kind::Limited => "▤",
        Kind::Refused => "✕",
        Kind::Inconclusive => "?",
    }
}

/// Returns the original result of a burst, in words.
fn original_result(burst: &Burst) -> String {
    match original(burst) {
        Some((kind, Some(expected))) => format!("{kind} (its author expected {expected})"),
        Some((kind, None)) => kind.to_string(),
        None => "–".to_owned(),
    }
}

fn details(cell: &Cell, noun: &str) -> String {
    [Some(cell.time()), cell.mechanism(), cell.instances(noun), cell.agreement()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
