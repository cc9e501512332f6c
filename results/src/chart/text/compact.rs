//! A burst in one line of characters: the answers over time.

use judge::units;

use crate::chart::span;
use crate::document::Burst;

/// No answer, then an eighth of the most answers and so on.
const LEVELS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Only requests that failed.
const FAILED: char = '×';

/// Explains the drawing.
pub const COMPACT_LEGEND: &str = "Each drawing shows when answers came. Higher blocks are more answers. A · is a time without \
    an answer. A × is a time with failures only.";

/// Draws how many answers came in each part of the time, in at most `width` columns: higher blocks are more answers, `×` are
/// failures only.
pub fn compact(burst: &Burst, width: usize) -> String {
    let end_us = span::end_us(burst).max(f64::MIN_POSITIVE);
    let end = units::time(end_us / 1e3);
    let columns = width.saturating_sub(end.chars().count() + 3).max(1);
    let mut counts = vec![(0_usize, 0_usize); columns];
    for span in span::spans(burst) {
        let share = (span.done_us / end_us).clamp(0.0, 1.0);
        let column = ((share * columns as f64) as usize).min(columns - 1);
        match span.is_good {
            true => counts[column].0 += 1,
            false => counts[column].1 += 1,
        }
    }
    let most = counts.iter().map(|(good, _)| *good).max().unwrap_or(0).max(1);
    let symbol = |(good, failed): &(usize, usize)| match good {
        0 if *failed > 0 => FAILED,
        count => LEVELS[(count * (LEVELS.len() - 1)).div_ceil(most)],
    };
    let line: String = counts.iter().map(symbol).collect();
    format!("0 {line} {end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::sample;

    #[test]
    fn waves_are_blocks_and_failures_alone_are_crosses() {
        let mut burst = sample::waves();
        let line = compact(&burst, 40);
        assert!(line.chars().count() <= 40 && line.contains('█') && !line.contains('×'), "{line}");
        burst.requests.iter_mut().for_each(|request| request.status = Some(503));
        let line = compact(&burst, 40);
        assert!(line.contains('×') && !line.contains('█'), "{line}");
    }

    #[test]
    fn a_burst_without_requests_is_a_line() {
        let empty = Burst { requests: Vec::new(), ..sample::waves() };
        assert!(compact(&empty, 0).starts_with("0 ·"), "{}", compact(&empty, 0));
    }
}
