//! Artillery's JSON (`artillery run --output FILE.json`): a summary.

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
use super::text;

/// The distribution of the answers' times.
const TIMES: &str = "http.response_time";
/// The prefix of the number of answers with a status.
const CODE: &str = "http.codes.";
/// The prefix of the number of requests with an error.
const ERROR: &str = "errors.";

/// The format.
pub(super) const JSON: Format = Format {
    tool: "Artillery",
    name: "JSON",
    detect: |head| head.has(&["aggregate"]),
    read,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "Artillery writes no single requests, and its times are whole milliseconds or coarser. hey (-o csv) or k6 (--out \
         json=FILE) write single requests.",
    ],
};

#[derive(Deserialize)]
struct Report {
    aggregate: Aggregate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aggregate {
    counters: BTreeMap<String, f64>,
    #[serde(default)]
    first_counter_at: Option<f64>,
    #[serde(default)]
    last_counter_at: Option<f64>,
    summaries: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Its times are whole milliseconds.
const RESOLUTION_MS: f64 = 1.0;

fn read(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let reports: Vec<Report> = objects(&text::read(source)?, "Artillery's JSON")?;
    collector.add_summaries(reports.iter().map(|report| summed(&report.aggregate)).collect());
    Ok(())
}

fn summed(aggregate: &Aggregate) -> Summed {
    let times = aggregate.summaries.get(TIMES);
    let time = |name: &str| times?.get(name)?.as_f64();
    let counters = || aggregate.counters.iter().map(|(name, count)| (name.as_str(), count.max(0.0) as usize));
    let ended = |(name, count): (&str, usize)| match (name.strip_prefix(CODE), name.strip_prefix(ERROR)) {
        (Some(code), _) => Some((Ended::Status(status(Some(code)).ok()?), count)),
        (_, Some(error)) => Some((Ended::Error(error.to_owned()), count)),
        _ => None,
    };
    let span = aggregate.first_counter_at.zip(aggregate.last_counter_at).map(|(first, last)| last - first);
    let quantile = |(name, value): (&String, &Value)| {
        let digits = name.strip_prefix('p')?;
        // `p999` is 99.9 %.
        let percent: f64 = digits.parse::<f64>().ok()? / if digits.len() > 2 { 10.0 } else { 1.0 };
        Some(Quantile::exact(percent / 100.0, value.as_f64()?))
    };
    Summed {
        url: String::new(),
        summary: Summary {
            duration_ms: span.unwrap_or(0.0),
            // Virtual users arrive by a rate, and may think.
            may_pause: true,
            fastest_ms: time("min"),
            mean_ms: time("mean"),
            slowest_ms: time("max"),
            quantiles: times.into_iter().flatten().filter_map(quantile).collect(),
            resolution_ms: RESOLUTION_MS,
            ..Summary::default()
        },
        results: counters().filter_map(ended).collect(),
    }
}
