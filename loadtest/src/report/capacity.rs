//! What `capacity` found, as text: the answer, a plot, a table, the scalability law.

use std::fmt::Write;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use judge::capacity::Scalability;
use judge::units;
use results::capacity::{Document, SizeSummary};
use results::chart::plot;

use super::terminal::{WIDTH, wrapped};

/// Wider, it grows no clearer.
const PLOT_WIDTH: u16 = 80;
const PLOT_ROWS: usize = 12;
/// A tenth of this is what timers and schedulers are late by on a busy machine.
const SHORT_MS: f64 = 50.0;

/// The answer first, then what it rests on.
pub fn text(document: &Document, width: Option<u16>) -> String {
    let say = |text: &str| wrapped(text, "", width) + "\n";
    let mut text = say(&format!("{} {}", document.url, document.answer));
    if document.sizes.len() > 1 {
        let _ = write!(text, "\n{}", plotted(document, width));
    }
    if !document.sizes.is_empty() {
        let _ = write!(text, "\n{}\n", table(document));
    }
    let doubted: usize = document.sizes.iter().map(|size| size.doubted).sum();
    if doubted > 0 {
        let why = document.bursts.iter().find_map(|burst| burst.doubt.as_deref()).unwrap_or_default();
        text += &say(&format!("{doubted} bursts are not counted, the first because {why}."));
    }
    text += &say(&format!(
        "E is how many were served at a time: the requests times what one takes alone ({}), over the \
         time that all took. At once: within 1.41 times of what one takes alone.",
        units::time(document.service_ms)
    ));
    if document.service_ms < SHORT_MS {
        text += &say(
            "That is short beside what disturbs a measurement: an endpoint that takes longer gives a surer answer.",
        );
    }
    text + "\n" + &say(&scalability(&document.scalability))
}

fn plotted(document: &Document, width: Option<u16>) -> String {
    let counted = document.sizes.iter().filter(|size| size.doubted < size.bursts);
    let points: Vec<_> = counted.map(|size| (size.n as f64, size.effective)).collect();
    let width = usize::from(width.unwrap_or(WIDTH).min(PLOT_WIDTH));
    format!(
        "     E, by the size of the burst; the dots are a server without limit\n{}",
        plot::log_log(&points, width, PLOT_ROWS)
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
    let counted = match size.doubted {
        0 => size.bursts.to_string(),
        doubted => format!("{} of {}", size.bursts - doubted, size.bursts),
    };
    if size.doubted == size.bursts {
        let nothing = || "-".to_owned();
        return [
            size.n.to_string(),
            counted,
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
        ];
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
            // It is the price of a pair, and among a thousand requests there are a million of those.
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
