//! Requests counted: what is known of however many in a memory that doesn't grow with them.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::stats::Spread;
use crate::trace::{Outcome, Row};

/// Three digits of every time are right.
const DIGITS: u8 = 3;
/// Errors differ in few words; more kinds than this are counted together.
const ERROR_KINDS: usize = 100;
/// What errors beyond those are counted as.
const OTHER: &str = "other errors";

/// What is counted of requests. Times are of the good answers, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {
    /// How many requests.
    pub requests: usize,
    /// How many got a whole answer with a 2xx status.
    pub ok: usize,
    /// How many got each status.
    pub statuses: BTreeMap<u16, usize>,
    /// How many got no whole answer, by the reason.
    pub errors: BTreeMap<String, usize>,
    /// From the send to the last byte.
    pub latency: Times,
    /// From the planned send to the last byte, of the requests that had one.
    pub from_plan: Times,
    /// How long the request's connection took to open.
    pub connect: Spread,
    /// From the send to the first byte.
    pub wait: Spread,
    /// From the first byte to the last.
    pub read: Spread,
    /// When the last request ended, from the burst's start.
    pub last_done_us: f64,
    /// When the last good answer was whole, from the burst's start.
    pub last_ok_us: f64,
}

impl Aggregate {
    /// All of these.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut aggregate = Self::default();
        aggregate.extend(rows);
        aggregate
    }

    /// Counts more.
    pub fn extend<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) {
        rows.into_iter().for_each(|row| self.add(row));
    }

    /// Counts one more.
    pub fn add(&mut self, row: &Row) {
        self.requests += 1;
        self.last_done_us = self.last_done_us.max(row.done_us);
        match &row.outcome {
            Outcome::Answered(status) => *self.statuses.entry(*status).or_default() += 1,
            Outcome::Rejected(error) | Outcome::Failed(error) => self.add_error(&error.text),
        }
        if !row.is_ok() {
            return;
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

    fn add_error(&mut self, error: &str) {
        let is_known = self.errors.contains_key(error) || self.errors.len() < ERROR_KINDS;
        *self.errors.entry(if is_known { error } else { OTHER }.to_owned()).or_default() += 1;
    }
}

/// Times in microseconds, each kept to three digits.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// Made with the first of them: most bursts never need one.
    histogram: Option<Histogram<u64>>,
    /// Exactly.
    pub spread: Spread,
}

impl Times {
    /// One more.
    pub fn add(&mut self, us: f64) {
        self.spread.add(us);
        if self.histogram.is_none() {
            self.histogram = Histogram::new(DIGITS).ok();
        }
        if let Some(histogram) = &mut self.histogram {
            // It grows with what it must hold; what no machine's memory could count is no time.
            let _ = histogram.record(us.round().max(0.0) as u64);
        }
    }

    /// The percentile `share`, from 0 to 1, by the nearest-rank method; `None` of nothing.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let Spread { min, max, .. } = self.spread;
        let histogram = self.histogram.as_ref()?;
        Some((histogram.value_at_quantile(share) as f64).clamp(min, max))
    }

    /// How many are not above `high`, as far as three digits tell.
    pub fn count_up_to(&self, high: f64) -> usize {
        let up_to = |histogram: &Histogram<u64>| histogram.count_between(0, high.max(0.0) as u64);
        self.histogram.as_ref().map_or(0, up_to) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trace::{ErrorKind, Fault};

    fn row(sent: f64, done: f64, outcome: Outcome) -> Row {
        Row { planned_us: Some(0.0), sent_us: Some(sent), done_us: done, outcome, ..Row::default() }
    }

    #[test]
    fn failures_are_counted_and_have_no_part_in_the_times() {
        let aggregate = Aggregate::of(&[
            row(10.0, 110.0, Outcome::Answered(200)),
            row(10.0, 20.0, Outcome::Answered(503)),
            row(0.0, 9_000.0, Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer within 1 s"))),
            row(0.0, 9_000.0, Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer within 1 s"))),
        ]);
        assert_eq!((aggregate.requests, aggregate.ok), (4, 1));
        assert_eq!(aggregate.statuses, [(200, 1), (503, 1)].into());
        assert_eq!(aggregate.errors, [("no answer within 1 s".to_owned(), 2)].into());
        assert_eq!((aggregate.last_done_us, aggregate.last_ok_us), (9_000.0, 110.0));
        assert_eq!(
            (aggregate.latency.percentile(1.0), aggregate.from_plan.percentile(1.0)),
            (Some(100.0), Some(110.0))
        );
    }

    #[test]
    fn a_server_that_invents_errors_does_not_bloat_it() {
        let rows: Vec<_> = (0..1_000)
            .map(|i| row(0.0, 1.0, Outcome::Rejected(Fault::new(ErrorKind::Other, format!("error {i}")))))
            .collect();
        let aggregate = Aggregate::of(&rows);
        assert_eq!((aggregate.errors.len(), aggregate.errors[OTHER]), (ERROR_KINDS + 1, 1_000 - ERROR_KINDS));
    }

    proptest! {
        #[test]
        fn percentiles_are_right_to_three_digits(mut us in prop::collection::vec(1.0..1e9, 1..300), share in 0.0..=1.0) {
            let mut times = Times::default();
            us.iter().for_each(|us| times.add(*us));
            us.sort_by(f64::total_cmp);
            let exact = crate::stats::percentile(&us, share).unwrap();
            let found = times.percentile(share).unwrap();
            prop_assert!((found - exact).abs() <= 1.0 + exact / 1e3, "{found} for {exact}");
        }
    }
}
