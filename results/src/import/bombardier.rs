//! bombardier's text, and its JSON (`--format json`): summaries. Neither has the time of the fastest answer.

use std::collections::BTreeMap;

use judge::estimate::{Quantile, Summary};
use serde::Deserialize;

use super::collector::Collector;
use super::format::Format;
use super::json_text::objects;
use super::source::Source;
use super::summed::{Ended, Summed};
use super::text::{self, Block, blocks, count, labelled, milliseconds, number};

/// The text.
pub(super) const TEXT: Format = Format {
    tool: "bombardier",
    name: "text",
    detect: |head| head.mentions(&["Statistics", "Reqs/sec", "HTTP codes:"]),
    read: read_text,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "bombardier writes neither single requests nor the fastest answer, and its times include those of errors. -l adds \
         percentiles. hey (-o csv) or oha (--output-format csv) write single requests.",
    ],
};

/// The JSON.
pub(super) const JSON: Format =
    Format { name: "JSON", detect: |head| head.has(&["spec", "result"]), read: read_json, ..TEXT };

fn read_text(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let text = text::read(source)?;
    let runs = blocks(&text, |line| line.starts_with("Bombarding "));
    collector.add_summaries(runs.iter().map(from_text).collect());
    Ok(())
}

/// `Bombarding http://a/ with 1000 request(s) using 10 connection(s)`, or `for 10s using`
fn from_text(block: &Block) -> Summed {
    let lines = || block.text.lines().map(str::trim);
    let head = lines().next().and_then(|line| line.strip_prefix("Bombarding ")).unwrap_or_default();
    let url = head.split_whitespace().next().unwrap_or_default().to_owned();
    let connections = head.split_once(" using ").and_then(|(_, rest)| count(rest));
    let planned = head.split_once(" for ").and_then(|(_, rest)| milliseconds(rest));
    let row = |name: &str| {
        let line = lines().find_map(|line| line.strip_prefix(name));
        line.map(|line| line.split_whitespace().collect::<Vec<_>>()).unwrap_or_default()
    };
    let (rates, latency) = (row("Reqs/sec"), row("Latency "));
    let column = |at: usize| latency.get(at).and_then(|text| milliseconds(text));
    let mut results = Vec::new();
    let mut is_error = false;
    for line in lines() {
        match line {
            _ if line.starts_with("1xx - ") => results.extend(classes(line)),
            _ if line.starts_with("others - ") => {}
            "Errors:" => is_error = true,
            _ if labelled(line, "Throughput").is_some() => is_error = false,
            _ if is_error => results.extend(error(line)),
            _ => {}
        }
    }
    let requests: usize = results.iter().map(|(_, times)| times).sum();
    let per_second = rates.first().and_then(|rate| number(rate)).filter(|rate| *rate > 0.0);
    let by_rate = per_second.map(|rate| requests as f64 / rate * 1e3);
    Summed {
        url,
        summary: Summary {
            duration_ms: planned.or(by_rate).unwrap_or(0.0),
            connections,
            mean_ms: column(0),
            slowest_ms: column(2),
            quantiles: lines().filter_map(percentile).collect(),
            ..Summary::default()
        },
        results,
    }
}

/// `1xx - 0, 2xx - 1000, 3xx - 0, 4xx - 0, 5xx - 0`
fn classes(line: &str) -> Vec<(Ended, usize)> {
    let class = |part: &str| {
        let (class, times) = part.split_once(" - ")?;
        let class = class.trim().strip_suffix("xx")?.parse().ok()?;
        Some((Ended::class(class), count(times)?))
    };
    line.split(',').filter_map(class).collect()
}

/// `dial tcp 127.0.0.1:1: connect: connection refused - 12`
fn error(line: &str) -> Option<(Ended, usize)> {
    let (error, times) = line.rsplit_once(" - ")?;
    Some((Ended::Error(error.to_owned()), times.trim().parse().ok()?))
}

/// `50%    50.22ms`
fn percentile(line: &str) -> Option<Quantile> {
    let (percent, time) = line.split_once('%')?;
    let percent: f64 = percent.parse().ok().filter(|percent| (0.0..100.0).contains(percent))?;
    Some(Quantile::exact(percent / 100.0, milliseconds(time)?))
}

#[derive(Deserialize)]
struct Report {
    spec: Spec,
    result: Totals,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    number_of_connections: usize,
    #[serde(default)]
    url: String,
}

/// Times are microseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    time_taken_seconds: f64,
    #[serde(default)]
    req1xx: usize,
    req2xx: usize,
    #[serde(default)]
    req3xx: usize,
    #[serde(default)]
    req4xx: usize,
    #[serde(default)]
    req5xx: usize,
    #[serde(default)]
    errors: Vec<Errors>,
    latency: Latency,
}

#[derive(Deserialize)]
struct Errors {
    description: String,
    count: usize,
}

#[derive(Deserialize)]
struct Latency {
    mean: f64,
    max: f64,
    #[serde(default)]
    percentiles: BTreeMap<String, f64>,
}

fn read_json(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let reports: Vec<Report> = objects(&text::read(source)?, "bombardier's JSON")?;
    collector.add_summaries(reports.into_iter().map(from_json).collect());
    Ok(())
}

fn from_json(Report { spec, result }: Report) -> Summed {
    let counts = [result.req1xx, result.req2xx, result.req3xx, result.req4xx, result.req5xx];
    let mut results: Vec<(Ended, usize)> = (1..).map(Ended::class).zip(counts).collect();
    results.extend(result.errors.into_iter().map(|error| (Ended::Error(error.description), error.count)));
    let quantile = |(percent, us): (&String, &f64)| {
        Some(Quantile::exact(percent.parse::<f64>().ok()? / 100.0, us / 1e3))
    };
    Summed {
        url: spec.url,
        summary: Summary {
            duration_ms: result.time_taken_seconds * 1e3,
            connections: Some(spec.number_of_connections),
            mean_ms: Some(result.latency.mean / 1e3),
            slowest_ms: Some(result.latency.max / 1e3),
            quantiles: result.latency.percentiles.iter().filter_map(quantile).collect(),
            ..Summary::default()
        },
        results,
    }
}
