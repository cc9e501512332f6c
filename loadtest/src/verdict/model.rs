//! What an ideal server would do with a schedule.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::schedule::Schedule;

/// When each request is done, sorted, in microseconds from the burst's start, on a server that
/// takes `k` requests at a time, first come first served, each for exactly `service_us`.
///
/// This is the deterministic G/D/k queue. Its closed form for requests that come all at once, the
/// i-th done at ceil(i/k) s, doesn't cover requests that come spaced, or when another is answered.
pub fn completions(schedule: &Schedule, service_us: f64, k: usize) -> Vec<f64> {
    // Whole nanoseconds, because they can be ordered.
    let service = (service_us * 1e3).round().max(0.0) as u64;
    let spacing = schedule.spacing.as_nanos() as u64;
    let mut arrivals: BinaryHeap<_> =
        (0..schedule.connections() as u64).map(|lane| Reverse(lane * spacing)).collect();
    let mut to_send = schedule.n - schedule.connections();
    // When each place is free again; places that were never taken are not listed.
    let mut places = BinaryHeap::new();
    let mut done = Vec::with_capacity(schedule.n);
    while let Some(Reverse(arrival)) = arrivals.pop() {
        let free = if places.len() < k { 0 } else { places.pop().map_or(0, |Reverse(free)| free) };
        let end = arrival.max(free) + service;
        places.push(Reverse(end));
        done.push(end);
        if to_send > 0 {
            to_send -= 1;
            arrivals.push(Reverse(end));
        }
    }
    done.sort_unstable();
    done.into_iter().map(|nanoseconds| nanoseconds as f64 / 1e3).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_at_once_the_i_th_is_done_after_so_many_waves() {
        let done = completions(&Schedule::together(10), 1_000.0, 4);
        assert_eq!(done, [1., 1., 1., 1., 2., 2., 2., 2., 3., 3.].map(|waves| waves * 1_000.0));
    }

    #[test]
    fn spaced_requests_wait_only_where_they_must() {
        let schedule = Schedule { spacing: Duration::from_micros(100), ..Schedule::together(3) };
        assert_eq!(completions(&schedule, 1_000.0, usize::MAX), [1_000.0, 1_100.0, 1_200.0]);
        assert_eq!(completions(&schedule, 1_000.0, 1), [1_000.0, 2_000.0, 3_000.0]);
    }

    #[test]
    fn a_connection_sends_its_next_when_the_last_is_answered() {
        let schedule = Schedule { c: 2, ..Schedule::together(5) };
        assert_eq!(completions(&schedule, 10.0, usize::MAX), [10.0, 10.0, 20.0, 20.0, 30.0]);
    }

    proptest! {
        #[test]
        fn more_places_are_never_slower(n in 1_usize..60, c in 1_usize..60, k in 1_usize..60, spacing in 0_u64..500) {
            let schedule = Schedule { c, spacing: Duration::from_micros(spacing), ..Schedule::together(n) };
            let fewer = completions(&schedule, 100.0, k);
            let more = completions(&schedule, 100.0, k + 1);
            prop_assert_eq!(fewer.len(), n);
            prop_assert!(fewer.last() >= more.last());
            // One place serves n requests in n turns at least.
            prop_assert!(*completions(&schedule, 100.0, 1).last().unwrap() >= n as f64 * 100.0);
        }
    }
}
