//! oha's CSV and JSON (`--output-format`): times in seconds, the start counted from oha's own.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, ensure};
use judge::trace::Outcome;
use serde::Deserialize;

use super::format::Format;
use super::hey::{DROPS_FAILURES, status};
use super::vegeta::fault;
use super::{Bursts, Request, Source};
use crate::input::{fields, number};

/// What the first line of its CSV begins with.
pub const HEADER: &str = "request-start,DNS,DNS+dialup,";
/// How many fields a line has.
const FIELDS: usize = 7;
/// Its JSON is a summary; a longer one is none.
const LONGEST: u64 = 16 * 1024 * 1024;
/// More requests than this are none that anybody would look for in a histogram.
const MOST: usize = 10_000_000;

/// The CSV format.
pub const CSV: Format = Format {
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
pub const JSON: Format = Format {
    tool: "oha",
    name: "JSON",
    // k6's summary has the same key.
    detect: |head| head.has(&["summary"]) && (!head.has(&["metrics"]) || head.has(&["requestsPerSec"])),
    read: read_json,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "It has no single requests: their times are read off its histogram of eleven bars, and all requests are taken \
         to have been sent at once.",
    ],
};

fn read_csv(source: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    bursts.read(&mut source.input, |line| {
        (!line.starts_with(HEADER.as_bytes())).then(|| request(line)).transpose()
    })
}

/// `request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status`
fn request(line: &[u8]) -> Result<Request, String> {
    let fields = fields(line, FIELDS..=FIELDS)?;
    let us = |at: usize, what| number(fields.get(at), what).map(|seconds| seconds * 1e6);
    Ok(Request {
        began_ns: (us(0, "request-start")? * 1e3) as i64,
        took_us: us(4, "request-duration")?,
        // Left empty where the connection was there.
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

/// Its summary, from which requests are made that could have led to it.
fn read_json(source: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    let summary: Summary =
        serde_json::from_reader(source.input.rest().take(LONGEST)).context("this is no JSON of oha's")?;
    for request in requests(&summary)? {
        bursts.add(request).map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

fn requests(summary: &Summary) -> anyhow::Result<Vec<Request>> {
    let mut bars: Vec<(f64, u64)> = Vec::new();
    for (bound, count) in &summary.response_time_histogram {
        let bound: f64 = bound.parse().ok().filter(|bound: &f64| bound.is_finite()).with_context(|| {
            format!("responseTimeHistogram has {bound:?} where a time in seconds is allowed")
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
    ensure!(count <= MOST as u64, "{count} requests are too many to be read off a histogram; give oha's CSV");

    let mut statuses = statuses.into_iter().flat_map(|(status, count)| (0..count).map(move |_| status));
    let answered = times(&bars, &summary.summary).into_iter().map(|seconds| Request {
        took_us: seconds * 1e6,
        outcome: Outcome::Answered(statuses.next().unwrap_or(200)),
        ..Request::default()
    });
    let failed = failed().flat_map(|(text, count)| (0..*count).map(move |_| text)).map(|text| {
        let took_us = summary.summary.total.max(0.0) * 1e6;
        Request { took_us, outcome: fault(text.clone()), ..Request::default() }
    });
    Ok(answered.chain(failed).collect())
}

/// The times in the bars, in seconds: the first bar holds the quickest alone, the last ends with the slowest, and
/// the others lie evenly in their bars.
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
