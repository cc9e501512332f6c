//! The result of `capacity` as text: the answer, a plot, a table, the scalability law.

use std::fmt::Write;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use judge::capacity::{Answer, Purpose, Scalability};
use judge::units;
use results::capacity::{Document, SizeSummary};
use results::chart;

use super::wrap::{DEFAULT_WIDTH, wrapped};

/// The largest width of the plot.
const MAX_PLOT_WIDTH: u16 = 80;
const PLOT_ROWS: usize = 12;
/// A service time below this, in milliseconds, is short: on a busy machine, timers and schedulers are late by a tenth.
const SHORT_SERVICE_MS: f64 = 50.0;

/// Returns the answer, and the measurements below it.
pub fn text(document: &Document, width: Option<u16>) -> String {
    let paragraph = |text: &str| wrapped(text, "", width) + "\n";
    let mut text = paragraph(&format!("{} {}", document.url, document.answer));
    text += &paragraph(&confidence(&document.answer));
    if let Some(mechanism) = &document.answer.mechanism {
        text += &paragraph(&format!("Mechanism: {}.", mechanism.sentence()));
    }
    if document.sizes.len() > 1 {
        let _ = write!(text, "\n{}", plot(document, width));
    }
    if !document.sizes.is_empty() {
        let _ = write!(text, "\n{}\n", table(document));
    }
    let checks = checks(document);
    if !checks.is_empty() {
        text += &paragraph(&checks);
    }
    let disturbed: usize = document.sizes.iter().map(|size| size.disturbed).sum();
    if disturbed > 0 {
        let why = document.bursts.iter().find_map(|burst| burst.disturbance.as_deref()).unwrap_or_default();
        text += &paragraph(&format!("{disturbed} bursts are not counted. The first reason: {why}."));
    }
    text += &paragraph(&format!(
        "E is the number of requests served at a time: the number of requests times the latency of one alone ({}), divided \
         by the time of all. An answer came at once if it took at most 1.41 times the latency of one alone.",
        units::time(document.service_ms)
    ));
    if document.service_ms < SHORT_SERVICE_MS {
        text += &paragraph(
            "This latency is short compared with the disturbances of a measurement. A slower endpoint gives a more certain answer.",
        );
    }
    text + "\n" + &paragraph(&scalability(&document.scalability))
}

fn confidence(answer: &Answer) -> String {
    let reasons = match answer.reasons.as_slice() {
        [] => String::new(),
        reasons => format!(": {}", reasons.join("; ")),
    };
    format!("Confidence: {}{reasons}.", answer.confidence)
}

/// What the bursts that check the result showed.
fn checks(document: &Document) -> String {
    let checks = document.bursts.iter().filter_map(|burst| {
        let sent = match burst.purpose {
            Purpose::Search | Purpose::Judge => return None,
            Purpose::Pause => {
                format!("{} after a pause of {}", units::requests(burst.n), units::time(burst.pause_ms))
            }
            Purpose::Fresh => format!("{} over fresh connections", units::requests(burst.n)),
        };
        Some(match &burst.disturbance {
            Some(_) => format!("{sent}, not counted"),
            None => format!("{sent}, {} of them answered at once", burst.at_once),
        })
    });
    match checks.collect::<Vec<_>>().join("; ") {
        none if none.is_empty() => none,
        checks => format!("Checked with {checks}."),
    }
}

fn plot(document: &Document, width: Option<u16>) -> String {
    let counted = document.sizes.iter().filter(|size| size.disturbed < size.bursts);
    let points: Vec<_> = counted.map(|size| (size.n as f64, size.effective)).collect();
    let width = usize::from(width.unwrap_or(DEFAULT_WIDTH).min(MAX_PLOT_WIDTH));
    format!(
        "     E by the size of the burst; the dotted line is a server without a limit\n{}",
        chart::text::log_log(&points, width, PLOT_ROWS)
    )
}

fn table(document: &Document) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["burst", "counted", "all at once", "answered", "at once", "refused", "took", "E"]);
    for size in &document.sizes {
        table.add_row(row(size));
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(size: &SizeSummary) -> [String; 8] {
    let counted = match size.disturbed {
        0 => size.bursts.to_string(),
        disturbed => format!("{} of {}", size.bursts - disturbed, size.bursts),
    };
    if size.disturbed == size.bursts {
        let none = || "-".to_owned();
        return [size.n.to_string(), counted, none(), none(), none(), none(), none(), none()];
    }
    [
        size.n.to_string(),
        counted,
        format!("{}x", size.taken),
        size.answered.to_string(),
        size.at_once.to_string(),
        size.refused.to_string(),
        units::time(size.makespan_ms),
        format!("{:.1}", size.effective),
    ]
}

fn scalability(found: &Scalability) -> String {
    let law = "the Universal Scalability Law for throughput";
    match (found.contention, found.coherency, &found.unsupported) {
        (Some(contention), Some(coherency), _) => {
            let peak = match found.peak {
                Some(peak) => format!("throughput peaks at {peak:.0} requests at a time"),
                None => "no peak up to the largest burst".to_owned(),
            };
            // Coherency is the cost of each pair of requests, so that small values matter.
            let coherency = if coherency > 0.0 { format!("{coherency:.1e}") } else { "0".to_owned() };
            format!(
                "By {law}, contention is {:.2} %, coherency {coherency}; {peak} (R² {:.2}, {} sizes).",
                contention * 100.0,
                found.r_squared.unwrap_or(0.0),
                found.sizes
            )
        }
        (_, _, why) => {
            format!("The data do not support {law}: {}.", why.as_deref().unwrap_or("nothing was fitted"))
        }
    }
}
