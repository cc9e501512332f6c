//! A burst drawn in characters: a bar a request, from its send to its answer.

use judge::units;

use crate::chart::{self, Bar};
use crate::document::Burst;

/// The most bars, where requests must be grouped.
const BARS: usize = 20;
/// Waiting for its turn, or on its way.
const WAITING: char = '·';
/// In the handler; where that isn't known, from the send to the answer.
const SERVED: char = '█';
/// Turned away, or without an answer.
const FAILED: char = '×';

/// What the characters mean.
pub const LEGEND: &str = "A bar is a request, from sent to answered: █ in the handler (or from sent to answered, where \
    that isn't known), · waiting, × failed.";

/// The drawing, in so many columns: requests in the order of their answers, then the axis.
pub fn timeline(burst: &Burst, width: usize) -> String {
    let bars = chart::bars(burst, BARS);
    let end_us = chart::end_us(burst);
    let scale = Scale { end_us, width: width.max(1) };
    let mut text = String::new();
    for bar in &bars {
        text += scale.bar(bar).trim_end();
        text.push('\n');
    }
    let end = units::time(end_us / 1e3);
    text += &format!("0{end:>width$}\n", width = width.saturating_sub(1));
    let each = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    if each > 1 {
        text += &format!("({each} requests a bar: medians)\n");
    }
    text
}

struct Scale {
    end_us: f64,
    width: usize,
}

impl Scale {
    fn bar(&self, bar: &Bar) -> String {
        let (sent, done) = (bar.sent_us, bar.done_us);
        let inside = bar.inside_us.unwrap_or((sent, done));
        let (from, to) = (self.column(sent), self.last(done));
        let (entered, left) = (self.column(inside.0), self.last(inside.1));
        (0..self.width)
            .map(|column| match column {
                _ if column < from || column > to.max(from) => ' ',
                _ if !bar.is_good => FAILED,
                _ if (entered..=left).contains(&column) => SERVED,
                _ => WAITING,
            })
            .collect()
    }

    /// The column that a time falls into.
    fn column(&self, us: f64) -> usize {
        (self.columns(us) as usize).min(self.width - 1)
    }

    /// The last column before a time.
    fn last(&self, us: f64) -> usize {
        (self.columns(us).ceil() as usize).saturating_sub(1)
    }

    fn columns(&self, us: f64) -> f64 {
        let share = if self.end_us > 0.0 { (us / self.end_us).clamp(0.0, 1.0) } else { 0.0 };
        share * self.width as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::sample;

    /// So many requests at a server that takes one at a time, a second each; the last is turned away.
    fn staircase(n: usize) -> Burst {
        sample::burst("http://a/", "a", sample::rows(n, 1, 1), sample::waves().verdict)
    }

    #[test]
    fn a_bar_shows_the_wait_and_the_stay_in_the_handler() {
        assert_eq!(timeline(&staircase(4), 12), "███\n···███\n······███\n××××××××××××\n0     4.00 s\n");
    }

    #[test]
    fn of_many_requests_a_bar_stands_for_some() {
        let text = timeline(&staircase(1_001), 40);
        assert!(text.lines().count() <= BARS + 3, "{text}");
        assert!(text.ends_with("(51 requests a bar: medians)\n"), "{text}");
    }
}
