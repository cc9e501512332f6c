//! Counts and times of requests that are not kept one by one. The memory doesn't grow with the number of requests.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::stats::Spread;
use crate::trace::{Ending, ErrorKind, Fault, Outcome, Row};

/// The number of significant digits of a time.
const DIGITS: u8 = 3;
/// The largest number of different error messages. Further messages are counted as [`OTHER`].
const ERROR_TEXTS: usize = 100;
/// The message that stands for further messages.
const OTHER: &str = "other errors";

/// Counts and times of requests. Times are microseconds, and only of good answers.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {
    /// The number of requests.
    pub requests: usize,
    /// The number of requests with a whole answer and a good status.
    pub ok: usize,
    /// The number of requests that were turned away as servers do under load: [`Ending::Refused`].
    pub refused: usize,
    /// The number of answers with each status.
    pub statuses: BTreeMap<u16, usize>,
    /// The number of requests without a whole answer, by error message.
    pub errors: BTreeMap<String, usize>,
    /// The time from the send to the last byte.
    pub latency: Times,
    /// The time from the planned send to the last byte, of planned requests.
    pub from_plan: Times,
    /// The time that the request's connection took to open.
    pub connect: Spread,
    /// The time from the send to the first byte.
    pub wait: Spread,
    /// The time from the first byte to the last byte.
    pub read: Spread,
    /// The time when the last request ended, from the burst's start.
    pub last_done_us: f64,
    /// The time when the last good answer was whole, from the burst's start.
    pub last_ok_us: f64,
}

impl Aggregate {
    /// Returns the aggregate of these rows.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut aggregate = Self::default();
        aggregate.extend(rows);
        aggregate
    }

    /// Adds rows.
    pub fn extend<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) {
        rows.into_iter().for_each(|row| self.add(row));
    }

    /// Adds a row.
    pub fn add(&mut self, row: &Row) {
        self.requests += 1;
        self.last_done_us = self.last_done_us.max(row.done_us);
        match &row.outcome {
            Outcome::Answered(status) => *self.statuses.entry(*status).or_default() += 1,
            Outcome::Rejected(error) | Outcome::Failed(error) => self.add_error(error),
        }
        match row.ending() {
            Ending::Answered => {}
            Ending::Refused => return self.refused += 1,
            Ending::Unanswered | Ending::FailedAtServer | Ending::FailedAtClient => return,
        }
        self.ok += 1;
        self.last_ok_us = self.last_ok_us.max(row.done_us);
        row.latency_us().into_iter().for_each(|us| self.latency.add(us));
        row.latency_from_plan_us().into_iter().for_each(|us| self.from_plan.add(us));
        row.connect_us.into_iter().for_each(|us| self.connect.add(us));
        if let Some((sent, first_byte)) = row.sent_us.zip(row.first_byte_us) {
            self.wait.add(first_byte - sent);
            self.read.add(row.done_us - first_byte);
        }
    }

    /// Counts an error with those of the same message. Timeouts may tell when an answer began, which differs from request to
    /// request: one of them stands for all with the same beginning.
    fn add_error(&mut self, error: &Fault) {
        let text = error.text.as_str();
        let beginning = text.find(|letter: char| letter.is_ascii_digit()).map_or(text, |at| &text[..at]);
        let same = match error.kind {
            ErrorKind::Timeout if !beginning.is_empty() => {
                self.errors.range_mut(beginning.to_owned()..).next()
            }
            _ => None,
        };
        if let Some((_, count)) = same.filter(|(known, _)| known.starts_with(beginning)) {
            *count += 1;
            return;
        }
        let is_known = self.errors.contains_key(text) || self.errors.len() < ERROR_TEXTS;
        *self.errors.entry(if is_known { text } else { OTHER }.to_owned()).or_default() += 1;
    }
}

/// A distribution of times in microseconds, with three significant digits.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// `None` until the first time is added: most bursts need no histogram.
    histogram: Option<Histogram<u64>>,
    /// Minimum, mean and maximum, exact.
    pub spread: Spread,
}

impl Times {
    /// Adds a time.
    pub fn add(&mut self, us: f64) {
        self.add_many(us, 1);
    }

    /// Adds a time so often.
    pub fn add_many(&mut self, us: f64, count: usize) {
        if count == 0 {
            return;
        }
        self.spread.add_many(us, count);
        if self.histogram.is_none() {
            self.histogram = Histogram::new(DIGITS).ok();
        }
        if let Some(histogram) = &mut self.histogram {
            // The histogram grows with its values. A value beyond its range is no real time.
            let _ = histogram.record_n(us.round().max(0.0) as u64, count as u64);
        }
    }

    /// Returns the percentile `share` (0 to 1) by the nearest-rank method; `None` without times.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let Spread { min, max, .. } = self.spread;
        let histogram = self.histogram.as_ref()?;
        Some((histogram.value_at_quantile(share) as f64).clamp(min, max))
    }

    /// Returns the number of times up to `high`, with three digits' accuracy.
    pub fn count_up_to(&self, high: f64) -> usize {
        let up_to = |histogram: &Histogram<u64>| histogram.count_between(0, high.max(0.0) as u64);
        self.histogram.as_ref().map_or(0, up_to) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(sent: f64, done: f64, outcome: Outcome) -> Row {
        Row { planned_us: Some(0.0), sent_us: Some(sent), done_us: done, outcome, ..Row::default() }
    }

    #[test]
    fn failures_are_counted_and_their_times_are_ignored() {
        let aggregate = Aggregate::of(&[
            row(10.0, 110.0, Outcome::Answered(200)),
            row(10.0, 20.0, Outcome::Answered(503)),
            row(0.0, 9_000.0, Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer within 1 s"))),
            row(0.0, 9_000.0, Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer within 1 s"))),
        ]);
        assert_eq!((aggregate.requests, aggregate.ok, aggregate.refused), (4, 1, 1));
        assert_eq!(aggregate.statuses, [(200, 1), (503, 1)].into());
        assert_eq!(aggregate.errors, [("no answer within 1 s".to_owned(), 2)].into());
        assert_eq!((aggregate.last_done_us, aggregate.last_ok_us), (9_000.0, 110.0));
        assert_eq!(
            (aggregate.latency.percentile(1.0), aggregate.from_plan.percentile(1.0)),
            (Some(100.0), Some(110.0))
        );
    }

    #[test]
    fn timeouts_that_differ_in_their_times_are_counted_together() {
        let late = |text: &str| row(0.0, 1.0, Fault::new(ErrorKind::Timeout, text).outcome());
        let texts = [
            "no answer within 3 s",
            "answered after 12.1 ms",
            "answered after 9.87 ms",
            "no answer within 3 s",
        ];
        let errors = Aggregate::of(&texts.map(late)).errors;
        assert_eq!(
            errors,
            [("no answer within 3 s".to_owned(), 2), ("answered after 12.1 ms".to_owned(), 2)].into()
        );
    }

    #[test]
    fn the_number_of_error_texts_is_bounded() {
        let rows: Vec<_> = (0..1_000)
            .map(|i| row(0.0, 1.0, Outcome::Rejected(Fault::new(ErrorKind::Other, format!("error {i}")))))
            .collect();
        let aggregate = Aggregate::of(&rows);
        assert_eq!((aggregate.errors.len(), aggregate.errors[OTHER]), (ERROR_TEXTS + 1, 1_000 - ERROR_TEXTS));
    }

    proptest! {
        #[test]
        fn percentiles_are_accurate_to_three_digits(mut us in prop::collection::vec(1.0..1e9, 1..300), share in 0.0..=1.0) {
            let mut times = Times::default();
            us.iter().for_each(|us| times.add(*us));
            us.sort_by(f64::total_cmp);
            let exact = crate::stats::percentile(&us, share).unwrap();
            let found = times.percentile(share).unwrap();
            prop_assert!((found - exact).abs() <= 1.0 + exact / 1e3, "{found} for {exact}");
        }
    }
}
