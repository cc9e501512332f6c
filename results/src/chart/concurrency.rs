//! The number of concurrent requests over time.

use super::span::{end_us, spans};
use crate::document::Burst;

/// The concurrent requests in each interval. The intervals have equal lengths, from the burst's start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concurrency {
    /// The most requests that are sent and not ended.
    pub in_flight: Vec<usize>,
    /// The most requests in a handler; `None` if unknown.
    pub in_handler: Option<Vec<usize>>,
    /// The mean number of requests in service, inferred from the mechanism; `None` if `in_handler` is known, or it can't
    /// be inferred.
    pub inferred: Option<Vec<usize>>,
}

/// Counts the concurrent requests of `burst` in this number of intervals.
pub fn concurrency(burst: &Burst, intervals: usize) -> Concurrency {
    let (spans, end_us) = (spans(burst), end_us(burst));
    let stays: Vec<(f64, f64)> = spans.iter().filter_map(|span| span.handler_us).collect();
    let inferred: Vec<(f64, f64)> = spans.iter().filter_map(|span| span.inferred_us).collect();
    Concurrency {
        in_flight: maxima(spans.iter().map(|span| (span.sent_us, span.done_us)).collect(), end_us, intervals),
        in_handler: (!stays.is_empty()).then(|| maxima(stays, end_us, intervals)),
        inferred: (!inferred.is_empty()).then(|| means(&inferred, end_us, intervals)),
    }
}

/// Returns the mean number of stays in each interval. A service time that is a little too long makes each inferred stay
/// overlap with the one before it, so that a maximum would count both.
fn means(stays: &[(f64, f64)], end_us: f64, intervals: usize) -> Vec<usize> {
    let length = end_us / intervals as f64;
    let mean = |interval: usize| {
        let (from, to) = (length * interval as f64, length * (interval + 1) as f64);
        let within: f64 = stays.iter().map(|(start, end)| (end.min(to) - start.max(from)).max(0.0)).sum();
        if length > 0.0 { (within / length).round() as usize } else { 0 }
    };
    (0..intervals).map(mean).collect()
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
        assert_eq!(
            concurrency,
            Concurrency { in_flight: vec![10, 10, 10, 6, 6, 2], in_handler: None, inferred: None }
        );
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

    #[test]
    fn four_requests_are_in_service_if_a_pool_of_four_is_the_mechanism() {
        let mut burst = sample::pool();
        let expected = Some(vec![4, 4, 4, 4, 1, 1]);
        assert_eq!(concurrency(&burst, 6).inferred, expected);
        burst.service_ms *= 1.01;
        assert_eq!(
            concurrency(&burst, 6).inferred,
            expected,
            "stays that overlap a little aren't counted twice"
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
