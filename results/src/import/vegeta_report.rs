//! What `vegeta report` writes, as text or as JSON: a summary.

use std::collections::BTreeMap;

use judge::estimate::{Quantile, Summary};
use serde::Deserialize;

use super::collector::Collector;
use super::format::Format;
use super::json_text::objects;
use super::outcome::status;
use super::source::Source;
use super::summed::{Ended, Summed};
use super::text::{self, Block, blocks, count, milliseconds};

/// The text.
pub(super) const TEXT: Format = Format {
    tool: "vegeta",
    name: "text report",
    detect: |head| head.mentions(&["Requests", "[total, rate", "Latencies", "Status Codes"]),
    read: read_text,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "The report has no single requests, and its times include those of failed ones: give what `vegeta encode` writes.",
    ],
};

/// The JSON.
pub(super) const JSON: Format = Format {
    name: "JSON report",
    detect: |head| head.has(&["latencies", "requests"]),
    read: read_json,
    ..TEXT
};

fn read_text(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let text = text::read(source)?;
    let runs = blocks(&text, |line| line.starts_with("Requests ") && line.contains("[total"));
    collector.add_summaries(runs.iter().map(from_text).collect());
    Ok(())
}

/// Returns the values of a line such as `Requests      [total, rate, throughput]  1200, 120.00, 65.87`, by their names.
fn values(block: &Block, name: &str) -> BTreeMap<String, String> {
    let line = block.text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix('['));
    let Some((names, values)) = line.and_then(|line| line.split_once(']')) else { return BTreeMap::new() };
    let parts = |text: &str| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    parts(names).into_iter().zip(parts(values)).collect()
}

fn from_text(block: &Block) -> Summed {
    let (requests, duration) = (values(block, "Requests"), values(block, "Duration"));
    let latencies = values(block, "Latencies");
    let ms = |name: &str| latencies.get(name).and_then(|text| milliseconds(text));
    let quantile = |(name, value): (&String, &String)| {
        let percent: f64 = name.trim_end_matches("th").parse().ok()?;
        Some(Quantile::exact(percent / 100.0, milliseconds(value)?))
    };
    // `Status Codes  [code:count]  0:535  200:665`
    let codes = block.text.lines().find_map(|line| line.trim().strip_prefix("Status Codes")?.split_once(']'));
    let codes = codes.map_or("", |(_, codes)| codes).split_whitespace();
    let code =
        |text: &str| text.split_once(':').and_then(|(code, times)| Some((code.to_owned(), count(times)?)));
    let first_error = block.text.lines().skip_while(|line| line.trim() != "Error Set:").nth(1);
    Summed {
        url: String::new(),
        summary: Summary {
            duration_ms: duration.get("total").and_then(|text| milliseconds(text)).unwrap_or(0.0),
            per_second: requests.get("rate").and_then(|rate| rate.parse().ok()),
            fastest_ms: ms("min"),
            mean_ms: ms("mean"),
            slowest_ms: ms("max"),
            quantiles: latencies.iter().filter_map(quantile).collect(),
            ..Summary::default()
        },
        results: results(codes.filter_map(code), first_error),
    }
}

/// Returns how requests ended, by their codes. Those without an answer have the code 0, and the first of the errors stands for
/// them.
fn results(codes: impl Iterator<Item = (String, usize)>, error: Option<&str>) -> Vec<(Ended, usize)> {
    let ended = |(code, count): (String, usize)| match status(Some(&code)) {
        Ok(status) => (Ended::Status(status), count),
        Err(_) => (Ended::Error(error.unwrap_or("no answer").trim().to_owned()), count),
    };
    codes.map(ended).collect()
}

/// Times are nanoseconds.
#[derive(Deserialize)]
struct Report {
    latencies: BTreeMap<String, f64>,
    duration: f64,
    #[serde(default)]
    wait: f64,
    #[serde(default)]
    rate: Option<f64>,
    #[serde(default)]
    status_codes: BTreeMap<String, usize>,
    #[serde(default)]
    errors: Option<Vec<String>>,
}

fn read_json(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let reports: Vec<Report> = objects(&text::read(source)?, "vegeta's report")?;
    collector.add_summaries(reports.into_iter().map(from_json).collect());
    Ok(())
}

fn from_json(report: Report) -> Summed {
    let ms = |name: &str| report.latencies.get(name).map(|ns| ns / 1e6);
    let quantile = |(name, ns): (&String, &f64)| {
        Some(Quantile::exact(name.strip_suffix("th")?.parse::<f64>().ok()? / 100.0, ns / 1e6))
    };
    let errors = report.errors.unwrap_or_default();
    Summed {
        url: String::new(),
        summary: Summary {
            duration_ms: (report.duration + report.wait) / 1e6,
            per_second: report.rate,
            fastest_ms: ms("min"),
            mean_ms: ms("mean"),
            slowest_ms: ms("max"),
            quantiles: report.latencies.iter().filter_map(quantile).collect(),
            ..Summary::default()
        },
        results: results(report.status_codes.into_iter(), errors.first().map(String::as_str)),
    }
}
