//! oha's CSV and JSON (`--output-format`): times in seconds, from oha's own start.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, ensure};
use judge::trace::Outcome;
use serde::Deserialize;

use super::collector::{Collector, Request};
use super::format::{DROPS_FAILURES, Format};
use super::outcome::{failure, status};
use super::source::Source;
use crate::input::{csv_fields, parse_number};

/// The beginning of the CSV's header line.
pub(super) const HEADER: &str = "request-start,DNS,DNS+dialup,";
/// The number of fields of a line.
const FIELDS: usize = 7;
/// The size limit of the JSON, which is a summary.
const MAX_JSON_BYTES: u64 = 16 * 1024 * 1024;
/// The most requests that are reconstructed from a histogram.
const MAX_REQUESTS: usize = 10_000_000;

/// The CSV format.
pub(super) const CSV: Format = Format {
    tool: "oha",
    name: "CSV",
    detect: |head| head.line.starts_with(HEADER),
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
    // k6's summary has the same key.
    detect: |head| head.has(&["summary"]) && (!head.has(&["metrics"]) || head.has(&["requestsPerSec"])),
    read: read_json,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "The file has no single requests: their times are reconstructed from its histogram of eleven bars, as if all \
         requests had been sent at once.",
    ],
};

fn read_csv(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    collector.read(&mut source.input, |line| {
        (!line.starts_with(HEADER.as_bytes())).then(|| request(line)).transpose()
    })
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
struct Summary {
    summary: Totals,
    response_time_histogram: BTreeMap<String, u64>,
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
}

/// Reconstructs requests that fit the summary.
fn read_json(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let summary: Summary = serde_json::from_reader(source.input.remaining().take(MAX_JSON_BYTES))
        .context("this is not oha's JSON")?;
    for request in requests(&summary)? {
        collector.add(request).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

fn requests(summary: &Summary) -> anyhow::Result<Vec<Request>> {
    let mut bars: Vec<(f64, u64)> = Vec::new();
    for (bound, count) in &summary.response_time_histogram {
        let bound: f64 = bound.parse().ok().filter(|bound: &f64| bound.is_finite()).with_context(|| {
            format!("responseTimeHistogram has {bound:?} where a time in seconds is expected")
        })?;
        bars.push((bound, *count));
    }
    bars.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut statuses: Vec<(u16, u64)> = Vec::new();
    for (text, count) in &summary.status_code_distribution {
        statuses.push((status(Some(text)).map_err(anyhow::Error::msg)?, *count));
    }
    let failed = || summary.error_distribution.iter();
    let count = bars.iter().map(|(_, count)| *count).chain(failed().map(|(_, count)| *count));
    let count = count.fold(0_u64, u64::saturating_add);
    ensure!(
        count <= MAX_REQUESTS as u64,
        "{count} requests are too many to be reconstructed from a histogram; give oha's CSV"
    );

    let mut statuses = statuses.into_iter().flat_map(|(status, count)| (0..count).map(move |_| status));
    let answered = times(&bars, &summary.summary).into_iter().map(|seconds| Request {
        duration_us: seconds * 1e6,
        outcome: Outcome::Answered(statuses.next().unwrap_or(200)),
        ..Request::default()
    });
    let failed = failed().flat_map(|(text, count)| (0..*count).map(move |_| text)).map(|text| {
        let duration_us = summary.summary.total.max(0.0) * 1e6;
        Request { duration_us, outcome: failure(text), ..Request::default() }
    });
    Ok(answered.chain(failed).collect())
}

/// Returns the times of the bars, in seconds. The first bar has only the fastest request, the last bar ends with the
/// slowest one, and all other requests are spread evenly over their bars.
fn times(bars: &[(f64, u64)], totals: &Totals) -> Vec<f64> {
    let mut times = Vec::new();
    let mut low = totals.fastest.unwrap_or_else(|| bars.first().map_or(0.0, |bar| bar.0));
    for (bound, count) in bars {
        let step = (bound - low).max(0.0) / (*count as f64 + 1.0);
        times.extend((1..=*count).map(|i| low + step * i as f64));
        low = *bound;
    }
    if let (Some(last), Some(slowest)) =
        (times.last_mut(), totals.slowest.filter(|slowest| slowest.is_finite()))
    {
        *last = slowest;
    }
    times
}
