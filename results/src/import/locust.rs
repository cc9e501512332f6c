//! locust's `PREFIX_stats.csv` (`--csv PREFIX`): a summary of each endpoint.

use anyhow::Context;
use judge::estimate::{Quantile, Summary};

use super::collector::Collector;
use super::format::Format;
use super::source::Source;
use super::summed::{Ended, Summed};
use super::text;

/// The beginning of the header line.
pub(super) const HEADER: &str = "Type,Name,Request Count,";
/// The name of the sum of all endpoints.
const ALL: &str = "Aggregated";
/// What it calls a failed request: it doesn't say how it failed.
const FAILED: &str = "failed";
/// Percentiles are rounded to two digits: by up to this share.
const ROUNDING: f64 = 0.05;

/// The format.
pub(super) const CSV: Format = Format {
    tool: "locust",
    name: "CSV",
    detect: |head| head.has_line(HEADER),
    read,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "locust writes no single requests, rounds percentiles to two digits, and its times include those of failures. hey \
         (-o csv) or k6 (--out json=FILE) write single requests.",
    ],
};

fn read(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let text = text::read(source)?;
    for table in text::blocks(&text, |line| line.starts_with(HEADER)) {
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(table.text.as_bytes());
        let header = rows.headers().context("its header")?.clone();
        let mut summaries = Vec::new();
        let mut is_sum = Vec::new();
        for row in rows.records() {
            let row = row.context("this is not locust's CSV")?;
            // What is pasted below the table has other columns.
            if row.len() == header.len() {
                is_sum.push(row.get(1) == Some(ALL));
                summaries.push(summed(&header, &row));
            }
        }
        let has_parts = is_sum.contains(&false);
        let parts = summaries.into_iter().zip(is_sum).filter(|(_, is_sum)| !has_parts || !is_sum);
        collector.add_summaries(parts.map(|(summed, _)| summed).collect());
    }
    Ok(())
}

fn summed(header: &csv::StringRecord, row: &csv::StringRecord) -> Summed {
    let field = |name: &str| header.iter().zip(row).find(|(other, _)| *other == name).map(|(_, value)| value);
    let number = |name: &str| field(name).and_then(|text| text.trim().parse::<f64>().ok());
    let quantile = |(name, value): (&str, &str)| {
        let share = name.strip_suffix('%')?.parse::<f64>().ok()? / 100.0;
        let ms: f64 = value.parse().ok()?;
        let (low_ms, high_ms) = (ms * (1.0 - ROUNDING), ms * (1.0 + ROUNDING));
        (share < 1.0).then_some(Quantile { share, low_ms, high_ms })
    };
    let count = |name: &str| number(name).filter(|count| *count >= 0.0).unwrap_or(0.0) as usize;
    let (requests, failed) = (count("Request Count"), count("Failure Count"));
    let rate = number("Requests/s").filter(|rate| *rate > 0.0);
    Summed {
        url: field("Name").unwrap_or_default().to_owned(),
        summary: Summary {
            duration_ms: rate.map_or(0.0, |rate| requests as f64 / rate * 1e3),
            may_pause: true,
            fastest_ms: number("Min Response Time"),
            mean_ms: number("Average Response Time"),
            slowest_ms: number("Max Response Time"),
            quantiles: header.iter().zip(row).filter_map(quantile).collect(),
            ..Summary::default()
        },
        results: vec![
            (Ended::Good, requests.saturating_sub(failed)),
            (Ended::bad(FAILED), failed.min(requests)),
        ],
    }
}
