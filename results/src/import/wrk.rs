//! wrk's text, and that of wrk2: a summary. It has no time of the fastest answer.

use judge::estimate::{Quantile, Summary};

use super::collector::Collector;
use super::format::Format;
use super::source::Source;
use super::summed::{Ended, Summed};
use super::text::{self, Block, blocks, count, milliseconds, number};

/// The text.
pub(super) const TEXT: Format = Format {
    tool: "wrk",
    name: "text",
    detect: |head| head.mentions(&["Thread Stats", " requests in "]),
    read,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "wrk writes neither single requests nor the fastest answer, and drops answers that take longer than its timeout \
         (2 s, unless --timeout is given). hey (-o csv) or oha (--output-format csv) write single requests.",
    ],
};

fn read(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let text = text::read(source)?;
    let runs = blocks(&text, |line| line.starts_with("Running ") && line.contains("test @"));
    collector.add_summaries(runs.iter().map(summed).collect());
    Ok(())
}

fn summed(block: &Block) -> Summed {
    let lines = || block.text.lines().map(str::trim);
    let row = |name: &str| {
        let line = lines().find(|line| line.split_whitespace().next() == Some(name))?;
        Some(line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>())
    };
    let latency = row("Latency").unwrap_or_default();
    let column = |at: usize| latency.get(at).and_then(|text| milliseconds(text));
    let url =
        lines().find_map(|line| Some(line.strip_prefix("Running ")?.split_once("test @ ")?.1.to_owned()));
    // `2 threads and 10 connections`
    let connections = lines().find_map(|line| count(line.strip_suffix("connections")?.split_once("and ")?.1));
    let total = lines().find_map(|line| line.split_once(" requests in "));
    let (requests, duration) = match total {
        Some((requests, rest)) => (count(requests), milliseconds(rest)),
        None => (None, None),
    };
    // `Non-2xx or 3xx responses: 4`
    let bad = block.value("Non-2xx or 3xx responses").and_then(count).unwrap_or(0);
    let good = requests.unwrap_or(0).saturating_sub(bad);
    let mut results = vec![(Ended::Good, good), (Ended::bad("status other than 2xx and 3xx"), bad)];
    results.extend(block.value("Socket errors").map(errors).unwrap_or_default());
    Summed {
        url: url.unwrap_or_default(),
        summary: Summary {
            duration_ms: duration.unwrap_or(0.0),
            connections,
            mean_ms: column(0),
            slowest_ms: column(2),
            quantiles: lines().filter_map(percentile).collect(),
            ..Summary::default()
        },
        results,
    }
}

/// `50%  250.00us`, in wrk2 `50.000%  250.00us`
fn percentile(line: &str) -> Option<Quantile> {
    let (percent, time) = line.split_once('%')?;
    let percent: f64 = percent.parse().ok().filter(|percent| (0.0..100.0).contains(percent))?;
    Some(Quantile::exact(percent / 100.0, milliseconds(time)?))
}

/// `connect 0, read 3, write 0, timeout 5`.
fn errors(text: &str) -> Vec<(Ended, usize)> {
    let error = |part: &str| {
        let (name, times) = part.trim().split_once(' ')?;
        let error = match name {
            "connect" => "connection refused",
            "read" => "connection reset while reading",
            "write" => "connection reset while writing",
            _ => "timeout",
        };
        Some((Ended::Error(error.to_owned()), number(times)? as usize))
    };
    text.split(',').filter_map(error).collect()
}
