//! The number of concurrent requests over time.

use super::span::{Span, end_us};
use crate::document::Burst;

/// The most concurrent requests in each interval. The intervals have equal lengths, from the burst's start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concurrency {
    /// The requests that are sent and not ended.
    pub in_flight: Vec<usize>,
    /// The requests in a handler; `None` if unknown.
    pub in_handler: Option<Vec<usize>>,
}

/// Counts the concurrent requests of `burst` in this number of intervals.
pub fn concurrency(burst: &Burst, intervals: usize) -> Concurrency {
    let spans: Vec<Span> = burst.requests.iter().map(Span::new).collect();
    let stays: Vec<(f64, f64)> = spans.iter().filter_map(|span| span.handler_us).collect();
    let count = |stays: Vec<(f64, f64)>| maxima(stays, end_us(burst), intervals);
    Concurrency {
        in_flight: count(spans.iter().map(|span| (span.sent_us, span.done_us)).collect()),
        in_handler: (!stays.is_empty()).then(|| count(stays)),
    }
}

/// Returns the most concurrent stays in each interval. A stay is a start and an end.
fn maxima(stays: Vec<(f64, f64)>, end_us: f64, intervals: usize) -> Vec<usize> {
    let mut changes: Vec<(f64, bool)> =
        stays.iter().flat_map(|(from, to)| [(*from, true), (*to, false)]).collect();
    // At equal times, ends come before starts.
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut maxima = vec![0; intervals];
    let mut changes = changes.into_iter().peekable();
    let mut now = 0_usize;
    for (interval, max) in maxima.iter_mut().enumerate() {
        let until = end_us * (interval + 1) as f64 / intervals as f64;
        *max = now;
        while let Some((_, is_start)) = changes.next_if(|(at, _)| *at < until) {
            now = if is_start { now + 1 } else { now.saturating_sub(1) };
            *max = now.max(*max);
        }
    }
    maxima
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::sample;

    #[test]
    fn in_flight_requests_fall_by_four_in_each_wave() {
        let concurrency = concurrency(&sample::waves(), 6);
        assert_eq!(concurrency, Concurrency { in_flight: vec![10, 10, 10, 6, 6, 2], in_handler: None });
    }

    #[test]
    fn four_requests_are_in_the_handler_at_once() {
        let burst = sample::burst("http://a/", "a", sample::rows(11, 4, 1), sample::waves().verdict);
        assert_eq!(
            concurrency(&burst, 3).in_handler,
            Some(vec![4, 4, 2]),
            "the last request has no evidence"
        );
    }

    proptest! {
        #[test]
        fn the_concurrency_is_at_most_the_number_of_requests(stays in prop::collection::vec((0.0..100.0, 0.0..100.0), 0..50), intervals in 1_usize..40) {
            let stays: Vec<(f64, f64)> = stays.into_iter().map(|(from, more)| (from, from + more)).collect();
            let end = stays.iter().map(|stay| stay.1).fold(0.0, f64::max);
            let maxima = maxima(stays.clone(), end, intervals);
            prop_assert!(maxima.iter().all(|max| *max <= stays.len()));
            prop_assert_eq!(stays.is_empty() || end == 0.0, maxima.iter().all(|max| *max == 0));
        }
    }
}
