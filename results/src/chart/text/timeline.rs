//! A burst in characters: one bar for each request, from its send to its answer.

use judge::units;

use crate::chart::bars::{self, Bar};
use crate::chart::span;
use crate::document::Burst;

/// The most bars; more requests are grouped.
const MAX_BARS: usize = 20;
/// Waiting in a queue or on the network.
const WAITING: char = '·';
/// In the handler; if unknown, the inferred service; without either, from the send to the answer.
const SERVED: char = '█';
/// Refused, or without an answer.
const FAILED: char = '×';

/// The meaning of the characters.
pub const LEGEND: &str = "Each bar is a request, from send to answer: █ in the handler (if unknown: from send to answer), \
    · waiting, × failed.";

/// The meaning of the mark below the timelines whose service times are inferred.
pub const INFERRED_LEGEND: &str = "In charts marked as inferred, █ is the service time, inferred from the model, not observed, \
    and · the wait before it.";
/// The mark below a timeline whose service times are inferred.
const INFERRED: &str = "(inferred, not observed)";

/// Whether the timeline of `burst` shows inferred service times.
pub fn is_inferred(burst: &Burst) -> bool {
    span::spans(burst).iter().any(|span| span.inferred_us.is_some())
}

/// Draws `burst` in `width` columns: the requests in the order of their ends, then the time axis.
pub fn timeline(burst: &Burst, width: usize) -> String {
    let bars = bars::bars(burst, MAX_BARS);
    let end_us = span::end_us(burst);
    let scale = Scale { end_us, width: width.max(1) };
    let mut text = String::new();
    for bar in &bars {
        text += scale.bar(bar).trim_end();
        text.push('\n');
    }
    let end = units::time(end_us / 1e3);
    text += &format!("0{end:>width$}\n", width = width.saturating_sub(1));
    let group = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    if group > 1 {
        text += &format!("({group} requests in each bar: medians)\n");
    }
    if bars.iter().any(|bar| bar.inferred_us.is_some()) {
        text += &format!("{INFERRED}\n");
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
        let stay = bar.handler_us.or(bar.inferred_us).unwrap_or((sent, done));
        let (from, to) = (self.column(sent), self.last(done));
        let (entered, left) = (self.column(stay.0), self.last(stay.1));
        (0..self.width)
            .map(|column| match column {
                _ if column < from || column > to.max(from) => ' ',
                _ if !bar.is_good => FAILED,
                _ if (entered..=left).contains(&column) => SERVED,
                _ => WAITING,
            })
            .collect()
    }

    /// Returns the column of a time.
    fn column(&self, us: f64) -> usize {
        (self.columns(us) as usize).min(self.width - 1)
    }

    /// Returns the last column before a time.
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

    /// A burst of `n` requests at a server that takes one at a time, for one second each. The last request is refused.
    fn staircase(n: usize) -> Burst {
        sample::burst("http://a/", "a", sample::rows(n, 1, 1), sample::waves().verdict)
    }

    #[test]
    fn a_bar_shows_the_wait_and_the_stay_in_the_handler() {
        assert_eq!(timeline(&staircase(4), 12), "███\n···███\n······███\n××××××××××××\n0     4.00 s\n");
    }

    #[test]
    fn an_inferred_service_has_its_wait_before_it_and_is_marked() {
        let text = timeline(&sample::rate(), 30);
        assert!(text.starts_with("████████\n··████████\n····████████\n"), "{text}");
        assert!(text.ends_with("750 ms\n(inferred, not observed)\n"), "{text}");
        assert!(is_inferred(&sample::rate()) && !is_inferred(&sample::waves()));
    }

    #[test]
    fn many_requests_are_grouped() {
        let text = timeline(&staircase(1_001), 40);
        assert!(text.lines().count() <= MAX_BARS + 3, "{text}");
        assert!(text.ends_with("(51 requests in each bar: medians)\n"), "{text}");
    }
}
