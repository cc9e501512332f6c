//! ab's text: a summary.

use judge::estimate::{Quantile, Summary};

use super::collector::Collector;
use super::format::Format;
use super::source::Source;
use super::summed::{Ended, Summed};
use super::text::{self, Block, blocks, count, milliseconds, number};

/// Its times are whole milliseconds.
const RESOLUTION_MS: f64 = 1.0;

/// The text.
pub(super) const TEXT: Format = Format {
    tool: "ab",
    name: "text",
    detect: |head| head.mentions(&["Concurrency Level:", "Time taken for tests:"]),
    read,
    has_timestamps: false,
    drops_failures: false,
    is_summary: true,
    lacks: &[
        "The file has no single requests, and its times are whole milliseconds. ab's -g writes starts in whole seconds only; \
         hey (-o csv) or oha (--output-format csv) write single requests.",
    ],
};

fn read(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let text = text::read(source)?;
    let runs = blocks(&text, |line| line.starts_with("Server Software:"));
    collector.add_summaries(runs.iter().map(summed).collect());
    Ok(())
}

fn summed(block: &Block) -> Summed {
    let counted = |label| block.value(label).and_then(count).unwrap_or(0);
    let (complete, bad) = (counted("Complete requests"), counted("Non-2xx responses"));
    let errors = errors(block.text);
    let failed: usize = errors.iter().map(|(_, times)| times).sum();
    let mut results = vec![
        (Ended::Good, complete.saturating_sub(bad).saturating_sub(failed)),
        (Ended::bad("status other than 2xx"), bad),
    ];
    results.extend(errors);
    let total = total(block.text);
    let slowest = block.text.lines().find_map(|line| line.trim().strip_suffix("(longest request)"));
    let time = |at: usize| total.as_ref().and_then(|columns| columns.get(at).copied());
    Summed {
        url: url(block),
        summary: Summary {
            duration_ms: block.value("Time taken for tests").and_then(milliseconds).unwrap_or(0.0),
            connections: block.value("Concurrency Level").and_then(count),
            fastest_ms: time(0),
            mean_ms: time(1),
            slowest_ms: time(4).or(slowest.and_then(|line| number(line.split_once('%')?.1))),
            quantiles: block.text.lines().filter_map(percentile).collect(),
            resolution_ms: RESOLUTION_MS,
            ..Summary::default()
        },
        results,
    }
}

/// `(Connect: 0, Receive: 0, Length: 5, Exceptions: 0)`, below the failed requests. An answer of another length than the first
/// one's is no failure.
fn errors(text: &str) -> Vec<(Ended, usize)> {
    let Some(line) = text.lines().map(str::trim).find(|line| line.starts_with("(Connect:")) else {
        return Vec::new();
    };
    let error = |part: &str| {
        let (name, times) = part.split_once(':')?;
        let error = match name.trim() {
            "Connect" => "connection refused",
            "Receive" => "connection reset while reading",
            "Exceptions" => "exception",
            _ => return None,
        };
        Some((Ended::Error(error.to_owned()), count(times)?))
    };
    line.trim_matches(['(', ')']).split(',').filter_map(error).collect()
}

/// `Total:  50  51  0.4  51  52`: minimum, mean, deviation, median, maximum.
fn total(text: &str) -> Option<Vec<f64>> {
    let row = text.lines().skip_while(|line| !line.trim().starts_with("Connection Times"));
    let row = row.map(str::trim).find_map(|line| line.strip_prefix("Total:"))?;
    let columns: Vec<f64> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    (columns.len() == 5).then_some(columns)
}

/// `50%     51`
fn percentile(line: &str) -> Option<Quantile> {
    let (percent, time) = line.trim().split_once('%')?;
    let percent: f64 = percent.parse().ok().filter(|percent| (0.0..100.0).contains(percent))?;
    Some(Quantile::exact(percent / 100.0, time.trim().parse().ok()?))
}

fn url(block: &Block) -> String {
    let Some(host) = block.value("Server Hostname").filter(|host| !host.is_empty()) else {
        return String::new();
    };
    let scheme = if block.value("SSL/TLS Protocol").is_some() { "https" } else { "http" };
    let port = block.value("Server Port").map_or(String::new(), |port| format!(":{port}"));
    format!("{scheme}://{host}{port}{}", block.value("Document Path").unwrap_or("/"))
}
