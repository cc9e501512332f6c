//! k6's summary: JSON (`--summary-export`, or the data of `handleSummary`), or the text at the end of a run.

use std::collections::HashMap;

use judge::estimate::{Quantile, Summary};
use serde::Deserialize;

use crate::import::collector::Collector;
use crate::import::format::Format;
use crate::import::json_text::objects;
use crate::import::source::Source;
use crate::import::summed::{Ended, Summed};
use crate::import::text::{self, blocks, count, milliseconds, number};

/// What a failed request is called: k6 doesn't say how it failed.
const FAILED: &str = "http_req_failed";

/// The JSON.
pub(in crate::import) const SUMMARY: Format = Format {
    tool: "k6",
    name: "summary JSON",
    detect: |head| head.has(&["metrics"]) && head.mentions(&["\"http_reqs\""]),
    read: read_json,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &["The file has no single requests: k6 writes them with --out json=FILE."],
};

/// The text.
pub(in crate::import) const TEXT: Format = Format {
    name: "text",
    detect: |head| head.mentions(&["http_reqs..", "http_req_duration.."]),
    read: read_text,
    ..SUMMARY
};

#[derive(Deserialize)]
struct Export {
    metrics: HashMap<String, Metric>,
    state: Option<State>,
}

/// A metric. `--summary-export` has the values directly in it, `handleSummary` in `values`.
#[derive(Deserialize)]
struct Metric {
    values: Option<HashMap<String, f64>>,
    #[serde(flatten)]
    direct: HashMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    test_run_duration_ms: Option<f64>,
}

impl Export {
    fn value(&self, metric: &str, name: &str) -> Option<f64> {
        let metric = self.metrics.get(metric)?;
        match &metric.values {
            Some(values) => values.get(name).copied(),
            None => metric.direct.get(name)?.as_f64(),
        }
    }

    fn summed(&self) -> Summed {
        let duration = |name: &str| self.value("http_req_duration", name);
        let requests = self.value("http_reqs", "count").unwrap_or(0.0);
        // A request that fails counts as one that "passes" the check of being a failure.
        let failed = self.value(FAILED, "passes").unwrap_or(0.0);
        let rate = self.value("http_reqs", "rate").filter(|rate| *rate > 0.0);
        let whole = self.state.as_ref().and_then(|state| state.test_run_duration_ms);
        let users = self.value("vus_max", "max").or(self.value("vus_max", "value"));
        let quantile = |(share, name): (f64, &str)| Some(Quantile::exact(share, duration(name)?));
        let shares = [(0.5, "med"), (0.9, "p(90)"), (0.95, "p(95)"), (0.99, "p(99)")];
        Summed {
            url: String::new(),
            summary: Summary {
                duration_ms: rate.map(|rate| requests / rate * 1e3).or(whole).unwrap_or(0.0),
                connections: users.filter(|users| *users >= 1.0).map(|users| users as usize),
                may_pause: true,
                fastest_ms: duration("min"),
                mean_ms: duration("avg"),
                slowest_ms: duration("max"),
                quantiles: shares.into_iter().filter_map(quantile).collect(),
                ..Summary::default()
            },
            results: results(requests as usize, failed as usize),
        }
    }
}

fn results(requests: usize, failed: usize) -> Vec<(Ended, usize)> {
    vec![(Ended::Good, requests.saturating_sub(failed)), (Ended::bad(FAILED), failed.min(requests))]
}

fn read_json(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let exports: Vec<Export> = objects(&text::read(source)?, "k6's summary")?;
    collector.add_summaries(exports.iter().map(Export::summed).collect());
    Ok(())
}

fn read_text(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let text = text::read(source)?;
    // What precedes the first metric of a run belongs to it, but has nothing that is used.
    let runs = blocks(&text, |line| line.starts_with("http_req_duration.."));
    collector.add_summaries(runs.iter().map(|run| from_text(run.text, run.before)).collect());
    Ok(())
}

/// `http_req_duration...: avg=50ms min=49ms med=50ms max=60ms p(90)=51ms p(95)=52ms`
fn from_text(text: &str, before: &str) -> Summed {
    let value = |text: &'_ str, metric: &str| -> Option<String> {
        let dots = |line: &&str| line.trim().strip_prefix(metric).is_some_and(|rest| rest.starts_with(".."));
        let line = text.lines().find(dots)?;
        Some(line.split_once(": ")?.1.trim().to_owned())
    };
    let duration = value(text, "http_req_duration").unwrap_or_default();
    let ms = |name: &str| {
        let found = duration.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.and_then(milliseconds)
    };
    let requests = value(text, "http_reqs").unwrap_or_default();
    let mut words = requests.split_whitespace();
    let (all, rate) = (words.next().and_then(count).unwrap_or(0), words.next().and_then(number));
    // `0.00%  0 out of 200`, and before version 0.54 `0.00%  ✓ 0  ✗ 200`. Other versions list it before the durations.
    let failed = value(text, FAILED).or_else(|| value(before, FAILED)).and_then(|text| number(&text));
    let failed = failed.map_or(0, |percent| (percent / 100.0 * all as f64).round() as usize);
    let users = value(text, "vus_max").and_then(|text| count(&text));
    let quantile = |(share, name): (f64, &str)| Some(Quantile::exact(share, ms(name)?));
    let shares = [(0.5, "med"), (0.9, "p(90)"), (0.95, "p(95)"), (0.99, "p(99)")];
    let rate = rate.filter(|rate| *rate > 0.0);
    Summed {
        url: String::new(),
        summary: Summary {
            duration_ms: rate.map_or(0.0, |rate| all as f64 / rate * 1e3),
            connections: users.filter(|users| *users > 0),
            may_pause: true,
            fastest_ms: ms("min"),
            mean_ms: ms("avg"),
            slowest_ms: ms("max"),
            quantiles: shares.into_iter().filter_map(quantile).collect(),
            ..Summary::default()
        },
        results: results(all, failed),
    }
}
