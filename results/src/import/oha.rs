//! oha's CSV and JSON (`--output-format`): times in seconds, from oha's own start. The JSON is a summary, and so is its text.

use std::collections::BTreeMap;

use anyhow::Context;
use judge::estimate::{Quantile, Summary};
use judge::trace::Outcome;
use serde::Deserialize;

use super::collector::{Collector, Request};
use super::format::{DROPS_FAILURES, Format};
use super::hey_text::{self, of_bars};
use super::json_text::objects;
use super::outcome::status;
use super::source::Source;
use super::summed::{Ended, Summed};
use super::text;
use crate::input::{csv_fields, parse_number};

/// The beginning of the CSV's header line.
pub(super) const HEADER: &str = "request-start,DNS,DNS+dialup,";
/// The number of fields of a line.
const FIELDS: usize = 7;
/// The CSV format.
pub(super) const CSV: Format = Format {
    tool: "oha",
    name: "CSV",
    detect: |head| head.has_line(HEADER),
    read: read_csv,
    has_timestamps: false,
    drops_failures: true,
    is_summary: false,
    lacks: &[DROPS_FAILURES],
};

/// The JSON format: a summary.
pub(super) const JSON: Format = Format {
    tool: "oha",
    name: "JSON",
    detect: |head| head.has(&["summary", "responseTimeHistogram"]),
    read: read_json,
    drops_failures: false,
    is_summary: true,
    lacks: &["The file has no single requests: oha writes them with --no-tui --output-format csv."],
    ..CSV
};

/// The text.
pub(super) const TEXT: Format = Format {
    name: "text",
    detect: |head| hey_text::is_summary(&head.text) && hey_text::is_oha(&head.text),
    read: read_text,
    ..JSON
};

fn read_csv(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    collector.read_table(&mut source.input, HEADER, |_, line| request(line).map(Some))
}

/// `request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status`
fn request(line: &[u8]) -> Result<Request, String> {
    let fields = csv_fields(line, FIELDS..=FIELDS)?;
    let us = |at: usize, name| parse_number(fields.get(at), name).map(|seconds| seconds * 1e6);
    Ok(Request {
        start_ns: (us(0, "request-start")? * 1e3) as i64,
        duration_us: us(4, "request-duration")?,
        // Empty if the connection was already open.
        connect_us: us(2, "DNS+dialup").ok(),
        first_byte_us: us(3, "Response-delay").ok(),
        outcome: Outcome::Answered(status(fields.get(6))?),
        ..Request::default()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Totals,
    response_time_histogram: BTreeMap<String, u64>,
    #[serde(default)]
    latency_percentiles: BTreeMap<String, Option<f64>>,
    #[serde(default)]
    status_code_distribution: BTreeMap<String, u64>,
    #[serde(default)]
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Totals {
    total: f64,
    slowest: Option<f64>,
    fastest: Option<f64>,
    average: Option<f64>,
}

fn read_json(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let reports: Vec<Report> = objects(&text::read(source)?, "oha's JSON")?;
    let summaries: anyhow::Result<_> = reports.iter().map(summed).collect();
    collector.add_summaries(summaries?);
    Ok(())
}

fn read_text(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    collector.add_summaries(hey_text::summaries(&text::read(source)?, "oha"));
    Ok(())
}

fn summed(report: &Report) -> anyhow::Result<Summed> {
    let mut bars: Vec<(f64, usize)> = Vec::new();
    for (bound, count) in &report.response_time_histogram {
        let bound: f64 = bound.parse().ok().filter(|bound: &f64| bound.is_finite()).with_context(|| {
            format!("responseTimeHistogram has {bound:?} where a time in seconds is expected")
        })?;
        bars.push((bound * 1e3, usize::try_from(*count)?));
    }
    bars.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut results = Vec::new();
    for (text, count) in &report.status_code_distribution {
        let status = status(Some(text)).map_err(anyhow::Error::msg)?;
        results.push((Ended::Status(status), usize::try_from(*count)?));
    }
    for (error, count) in &report.error_distribution {
        results.push((Ended::Error(error.clone()), usize::try_from(*count)?));
    }
    let Totals { total, slowest, fastest, average } = report.summary;
    let ms = |seconds: f64| seconds * 1e3;
    let mut quantiles = of_bars(&bars, fastest.map(ms));
    quantiles.extend(report.latency_percentiles.iter().filter_map(|(name, seconds)| {
        let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
        Some(Quantile::exact(percent / 100.0, ms((*seconds)?)))
    }));
    let summary = Summary {
        duration_ms: ms(total),
        fastest_ms: fastest.map(ms),
        mean_ms: average.map(ms),
        slowest_ms: slowest.map(ms),
        quantiles,
        ..Summary::default()
    };
    Ok(Summed { url: String::new(), summary, results })
}
