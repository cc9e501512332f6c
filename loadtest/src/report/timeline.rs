//! A burst drawn request by request: a bar each, from its send to its answer.

use crate::result::{Burst, Request};
use crate::units;

/// The most bars; of more requests, some stand for all.
const BARS: usize = 20;
/// Waiting for its turn, or on its way.
const WAITING: char = '·';
/// In the handler; where that isn't known, from the send to the answer.
const SERVED: char = '█';
/// Turned away, or without an answer.
const FAILED: char = '×';

/// The drawing, in so many columns: requests in the order of their answers, then the axis.
pub fn timeline(burst: &Burst, width: usize) -> String {
    let mut requests: Vec<&Request> = burst.requests.iter().collect();
    requests.sort_by(|a, b| a.done_us.total_cmp(&b.done_us));
    let end_us = requests.iter().map(|request| request.done_us).fold(0.0, f64::max);
    let scale = Scale { end_us, width: width.max(1) };
    let mut text = String::new();
    for request in sample(&requests) {
        text += scale.bar(request).trim_end();
        text.push('\n');
    }
    let hidden = requests.len().saturating_sub(BARS);
    let end = units::time(end_us / 1e3);
    text += &format!("0{end:>width$}\n", width = width.saturating_sub(1));
    if hidden > 0 {
        text += &format!("({BARS} of {} requests, evenly chosen)\n", requests.len());
    }
    text
}

/// All, or as many as there are bars: the first, the last, and some between at equal distances.
fn sample<'a>(requests: &[&'a Request]) -> Vec<&'a Request> {
    if requests.len() <= BARS {
        return requests.to_vec();
    }
    (0..BARS).map(|bar| requests[bar * (requests.len() - 1) / (BARS - 1)]).collect()
}

struct Scale {
    end_us: f64,
    width: usize,
}

impl Scale {
    fn bar(&self, request: &Request) -> String {
        let (sent, done) = (request.sent_us.unwrap_or(request.done_us), request.done_us);
        let is_good = request.error.is_none() && request.status.is_some_and(|status| status < 400);
        let inside = request.entered_us.zip(request.left_us).unwrap_or((sent, done));
        let (from, to) = (self.column(sent), self.last(done));
        let (entered, left) = (self.column(inside.0), self.last(inside.1));
        (0..self.width)
            .map(|column| match column {
                _ if column < from || column > to.max(from) => ' ',
                _ if !is_good => FAILED,
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
    use crate::schedule::Schedule;
    use crate::tally::Tally;
    use crate::trace::{Evidence, Generator, Outcome, Row, Trace};
    use crate::verdict::{Kind, Verdict};

    /// So many requests at a server that takes one at a time, a second each; the last is turned away.
    fn staircase(n: usize) -> Burst {
        let row = |i: usize| Row {
            i,
            planned_us: Some(0.0),
            sent_us: Some(0.0),
            first_byte_us: None,
            done_us: (i + 1) as f64 * 1e6,
            outcome: Outcome::Answered(if i + 1 == n { 503 } else { 200 }),
            evidence: (i + 1 < n).then(|| Evidence {
                instance: "a".to_owned(),
                endpoint: "e".to_owned(),
                style: "sync".to_owned(),
                served: i as u32 + 1,
                entered_ns: i as u64 * 1_000_000_000,
                left_ns: (i as u64 + 1) * 1_000_000_000 - 1_000_000,
                start_ns: 0,
            }),
            ..Row::default()
        };
        let trace = Trace {
            schedule: Schedule::together(n),
            service_ms: 1e3,
            rows: (0..n).map(row).collect(),
            shared_clock: true,
            keep_alive: true,
            generator: Generator::default(),
        };
        let verdict = Verdict::of(Kind::Sequential);
        Burst::new("http://a/".into(), "a".into(), &trace.schedule, &trace, Tally::default(), verdict)
    }

    #[test]
    fn a_bar_shows_the_wait_and_the_stay_in_the_handler() {
        assert_eq!(timeline(&staircase(4), 12), "███\n···███\n······███\n××××××××××××\n0     4.00 s\n");
    }

    #[test]
    fn of_many_requests_some_stand_for_all() {
        let text = timeline(&staircase(1_000), 40);
        assert_eq!(text.lines().count(), BARS + 2);
        assert!(text.ends_with("(20 of 1000 requests, evenly chosen)\n"), "{text}");
    }
}
