//! autocannon's text, and its JSON (`--json`): summaries.

use std::collections::BTreeMap;

use judge::estimate::{Quantile, Summary};
use serde::Deserialize;
use serde_json::Value;

use super::collector::Collector;
use super::format::Format;
use super::json_text::objects;
use super::outcome::status;
use super::source::Source;
use super::summed::{Ended, Summed};
use super::text::{self, Block, blocks, count, milliseconds, number};

/// Its times are whole milliseconds.
const RESOLUTION_MS: f64 = 1.0;
/// What it calls an answer without a status of 2xx.
const NON_2XX: &str = "status other than 2xx";

/// The text.
pub(super) const TEXT: Format = Format {
    tool: "autocannon",
    name: "text",
    detect: |head| head.mentions(&["\u{2502} Latency", "\u{2502} Req/Sec", " requests in "]),
    read: read_text,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "autocannon writes no single requests, and its times are whole milliseconds. --json adds the fastest answer. hey \
         (-o csv) or oha (--output-format csv) write single requests.",
    ],
};

/// The JSON.
pub(super) const JSON: Format = Format {
    name: "JSON",
    detect: |head| head.has(&["connections", "pipelining", "latency", "requests"]),
    read: read_json,
    lacks: &[
        "autocannon writes no single requests, and its times are whole milliseconds. hey (-o csv) or oha (--output-format \
         csv) write single requests.",
    ],
    ..TEXT
};

fn read_text(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let text = text::read(source)?;
    let runs = blocks(&text, |line| line.starts_with("Running ") && line.contains("test @"));
    collector.add_summaries(runs.iter().map(from_text).collect());
    Ok(())
}

/// A table of one or more rows: a name and its values, by column.
fn row(block: &Block, name: &str) -> BTreeMap<String, String> {
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.trim().strip_prefix('\u{2502}')?.strip_suffix('\u{2502}')?;
        Some(inner.split('\u{2502}').map(|cell| cell.trim().to_owned()).collect())
    };
    let mut header = Vec::new();
    for row in block.text.lines().filter_map(cells) {
        match row.first().map(String::as_str) {
            Some("Stat") => header = row,
            Some(first) if first == name => return header.into_iter().zip(row).skip(1).collect(),
            _ => {}
        }
    }
    BTreeMap::new()
}

fn from_text(block: &Block) -> Summed {
    let lines = || block.text.lines().map(str::trim);
    let url = lines().next().and_then(|line| line.split_once("test @ ")).map(|(_, url)| url.to_owned());
    // `10 connections with 2 pipelining factor`
    let connections = lines().find_map(|line| {
        let (connections, rest) = line.split_once(" connections")?;
        let pipelining = rest.contains("pipelining").then(|| count(rest)).flatten().unwrap_or(1);
        Some(connections.parse::<usize>().ok()?.saturating_mul(pipelining))
    });
    let (latency, rate) = (row(block, "Latency"), row(block, "Req/Sec"));
    let ms = |name: &str| latency.get(name).and_then(|text| milliseconds(text));
    // The counts are abbreviated, `110k requests in 10.03s`; the mean of the samples isn't.
    let samples = block.value("# of samples").and_then(number);
    let mean_rate = rate.get("Avg").and_then(|text| number(&text.replace(',', "")));
    let by_samples = samples.zip(mean_rate).map(|(samples, mean)| (samples * mean).round() as usize);
    let total = lines().find_map(|line| line.split_once(" requests in "));
    let duration = total.and_then(|(_, rest)| milliseconds(rest));
    // `100 2xx responses, 3 non 2xx responses`, if some are not.
    let answers = lines().find_map(|line| line.split_once(" 2xx responses, "));
    let errors = lines().find_map(|line| line.split_once(" errors ("));
    let timeouts = errors.and_then(|(_, rest)| count(rest)).unwrap_or(0);
    let errors = errors.and_then(|(errors, _)| count(errors)).unwrap_or(0);
    let (good, bad) = match answers {
        Some((good, bad)) => (count(good).unwrap_or(0), count(bad).unwrap_or(0)),
        None => (by_samples.or(total.and_then(|(requests, _)| count(requests))).unwrap_or(0), 0),
    };
    let shares = [(0.025, "2.5%"), (0.5, "50%"), (0.975, "97.5%"), (0.99, "99%")];
    let quantile = |(share, name): (f64, &str)| Some(Quantile::exact(share, ms(name)?));
    Summed {
        url: url.unwrap_or_default(),
        summary: Summary {
            duration_ms: duration.unwrap_or(0.0),
            connections,
            mean_ms: ms("Avg"),
            slowest_ms: ms("Max"),
            quantiles: shares.into_iter().filter_map(quantile).collect(),
            resolution_ms: RESOLUTION_MS,
            ..Summary::default()
        },
        results: results(good, bad, errors, timeouts),
    }
}

fn results(good: usize, bad: usize, errors: usize, timeouts: usize) -> Vec<(Ended, usize)> {
    vec![
        (Ended::Good, good),
        (Ended::bad(NON_2XX), bad),
        (Ended::Error("timeout".to_owned()), timeouts),
        (Ended::Error("connection error".to_owned()), errors.saturating_sub(timeouts)),
    ]
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    url: Value,
    connections: usize,
    #[serde(default = "one")]
    pipelining: usize,
    duration: f64,
    latency: BTreeMap<String, Value>,
    requests: Requests,
    #[serde(default)]
    errors: usize,
    #[serde(default)]
    timeouts: usize,
    #[serde(default)]
    non2xx: usize,
    #[serde(default, rename = "statusCodeStats")]
    statuses: BTreeMap<String, Count>,
}

#[derive(Deserialize)]
struct Requests {
    total: usize,
}

#[derive(Deserialize)]
struct Count {
    count: usize,
}

fn one() -> usize {
    1
}

fn read_json(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let reports: Vec<Report> = objects(&text::read(source)?, "autocannon's JSON")?;
    collector.add_summaries(reports.iter().map(from_json).collect());
    Ok(())
}

fn from_json(report: &Report) -> Summed {
    let ms = |name: &str| report.latency.get(name).and_then(Value::as_f64);
    // `p2_5`, `p50`, `p97_5`
    let quantile = |(name, value): (&String, &Value)| {
        let percent: f64 = name.strip_prefix('p')?.replace('_', ".").parse().ok()?;
        Some(Quantile::exact(percent / 100.0, value.as_f64()?))
    };
    let by_status =
        |(text, Count { count }): (&String, &Count)| Some((Ended::Status(status(Some(text)).ok()?), *count));
    let statuses: Vec<(Ended, usize)> = report.statuses.iter().filter_map(by_status).collect();
    let mut results = match statuses.is_empty() {
        true => vec![
            (Ended::Good, report.requests.total.saturating_sub(report.non2xx)),
            (Ended::bad(NON_2XX), report.non2xx),
        ],
        false => statuses,
    };
    results.extend(self::results(0, 0, report.errors, report.timeouts));
    Summed {
        url: report.url.as_str().unwrap_or_default().to_owned(),
        summary: Summary {
            duration_ms: report.duration * 1e3,
            connections: Some(report.connections.saturating_mul(report.pipelining)),
            fastest_ms: ms("min"),
            mean_ms: ms("average"),
            slowest_ms: ms("max"),
            quantiles: report.latency.iter().filter_map(quantile).collect(),
            resolution_ms: RESOLUTION_MS,
            ..Summary::default()
        },
        results,
    }
}
