//! The text that hey prints, and oha, which follows it.

use judge::estimate::{Quantile, Summary};

use super::summed::{Ended, Summed};
use super::text::{Block, blocks, command, count, labelled, milliseconds, number};

/// The line that begins a summary.
pub const START: &str = "Summary:";
/// Half of the last digit of a bar's bound, in milliseconds: three decimals of a second.
const HALF_DIGIT_MS: f64 = 0.5;

/// Returns the summaries in the text.
pub fn summaries(text: &str, program: &str) -> Vec<Summed> {
    blocks(text, |line| line == START).iter().map(|block| summed(block, program)).collect()
}

fn summed(block: &Block, program: &str) -> Summed {
    let command = command(block.before, program);
    let ms = |label| block.value(label).and_then(milliseconds);
    let mut results = Vec::new();
    let mut bars = Vec::new();
    let mut quantiles = Vec::new();
    let mut section = "";
    for line in block.text.lines().map(str::trim) {
        match line {
            "" => section = "",
            _ if line.contains("histogram:") || line.ends_with("distribution:") => section = line,
            _ if section.contains("histogram") => bars.extend(bar(line)),
            _ if section.starts_with("Status code") => results.extend(status(line)),
            _ if section.starts_with("Error") => results.extend(error(line)),
            _ if section.ends_with("distribution:") => quantiles.extend(percentile(line)),
            _ => {}
        }
    }
    let fastest_ms = ms("Fastest");
    quantiles.extend(of_bars(&bars, fastest_ms));
    if results.is_empty() {
        results.push((Ended::Good, bars.iter().map(|(_, count)| count).sum()));
    }
    let summary = Summary {
        duration_ms: ms("Total").unwrap_or(0.0),
        connections: command.connections,
        fastest_ms,
        mean_ms: ms("Average"),
        slowest_ms: ms("Slowest"),
        quantiles,
        ..Summary::default()
    };
    Summed { url: command.url.unwrap_or_default(), summary, results }
}

/// `0.100 [25]    |■■■`, in oha `0.100 sec [25] |■■■`: the upper bound in milliseconds, and the number of answers.
fn bar(line: &str) -> Option<(f64, usize)> {
    let (bound, rest) = line.split_once('[')?;
    let (answers, _) = rest.split_once(']')?;
    let bound = milliseconds(bound).or_else(|| number(bound).map(|seconds| seconds * 1e3))?;
    Some((bound, count(answers)?))
}

/// `10% in 0.1003 secs`. Of few requests, hey prints `0% in 0.0000 secs`.
fn percentile(line: &str) -> Option<Quantile> {
    let (percent, time) = line.split_once("% in ")?;
    let share = number(percent)? / 100.0;
    (0.0..=1.0).contains(&share).then_some(())?;
    milliseconds(time).filter(|_| share > 0.0).map(|ms| Quantile::exact(share, ms))
}

/// `[200]    25 responses`
fn status(line: &str) -> Option<(Ended, usize)> {
    let (status, rest) = line.strip_prefix('[')?.split_once(']')?;
    let status = status.parse().ok().filter(|status| (100..=999).contains(status))?;
    Some((Ended::Status(status), count(rest)?))
}

/// `[3]    Get "http://a/": EOF`
fn error(line: &str) -> Option<(Ended, usize)> {
    let (times, error) = line.strip_prefix('[')?.split_once(']')?;
    Some((Ended::Error(error.trim().to_owned()), count(times)?))
}

/// Returns the middle of each bar. The first bar has only the fastest answer.
pub fn of_bars(bars: &[(f64, usize)], fastest_ms: Option<f64>) -> Vec<Quantile> {
    let all = bars.iter().fold(0_usize, |sum, (_, count)| sum.saturating_add(*count)) as f64;
    let (mut before, mut low_ms) = (0.0, fastest_ms.unwrap_or(0.0));
    let mut quantiles = Vec::new();
    for (bound_ms, count) in bars {
        let count = *count as f64;
        if count > 0.0 {
            let share = (before + count / 2.0) / all;
            quantiles.push(Quantile {
                share,
                low_ms: low_ms - HALF_DIGIT_MS,
                high_ms: bound_ms + HALF_DIGIT_MS,
            });
        }
        before += count;
        low_ms = *bound_ms;
    }
    quantiles
}

/// Whether the text is a summary of hey or oha.
pub fn is_summary(text: &str) -> bool {
    let has = |label| text.lines().any(|line| labelled(line, label).is_some());
    text.lines().any(|line| line.trim() == START) && has("Requests/sec") && has("Slowest")
}

/// Whether the summary is oha's.
pub fn is_oha(text: &str) -> bool {
    text.lines().any(|line| labelled(line, "Success rate").is_some())
}
