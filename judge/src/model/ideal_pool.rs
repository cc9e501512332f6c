//! The ideal pool: `k` workers, first come first served, equal service times.

use crate::arrivals::ArrivalTimes;

/// The times of the requests at an ideal server, in microseconds from the burst's start.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Simulation {
    /// The arrival time of each request, sorted.
    pub(crate) arrived: Vec<f64>,
    /// The completion time of each request, in the same order. It is sorted as well.
    pub(crate) done: Vec<f64>,
}

/// Simulates the arrivals at a server that serves `k` requests at a time, first come first served, each for exactly
/// `service_us`.
///
/// This is the G/D/k queue. Service times are equal, so the i-th request enters service when the (i-k)-th is done
/// (Lindley's recursion for k servers). If all arrive at once, the i-th is done after ceil(i/k) service times.
pub(crate) fn simulate(arrivals: &ArrivalTimes, service_us: f64, k: usize) -> Simulation {
    let count = arrivals.count();
    let mut simulation = Simulation { arrived: Vec::with_capacity(count), done: Vec::with_capacity(count) };
    let (mut planned, mut followed) = (0, 0);
    for i in 0..count {
        let next = arrivals.planned.get(planned).copied();
        let freed =
            (followed < arrivals.follow_ups).then(|| simulation.done.get(followed).copied()).flatten();
        let arrival = match (next, freed) {
            (Some(next), freed) if freed.is_none_or(|freed| next <= freed) => {
                planned += 1;
                next
            }
            (_, freed) => {
                followed += 1;
                freed.unwrap_or(0.0)
            }
        };
        let free = i.checked_sub(k.max(1)).map_or(arrival, |before| simulation.done[before]);
        simulation.arrived.push(arrival);
        simulation.done.push(arrival.max(free) + service_us);
    }
    simulation
}

impl Simulation {
    /// Returns the last completion time.
    pub(crate) fn end(&self) -> f64 {
        self.done.last().copied().unwrap_or(0.0)
    }

    /// Returns the largest number of requests that are in the server at once.
    pub(crate) fn peak(&self) -> usize {
        let mut left = 0;
        let present = self.arrived.iter().enumerate().map(|(i, arrival)| {
            // A request that arrives at another's completion doesn't overlap with it, even if times are rounded.
            while self.done.get(left).is_some_and(|done| *done <= arrival + 1e-9 * arrival.abs()) {
                left += 1;
            }
            (i + 1).saturating_sub(left)
        });
        present.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn together(count: usize, connections: usize) -> ArrivalTimes {
        let first = count.min(connections);
        ArrivalTimes { planned: vec![0.0; first], follow_ups: count - first, connections, late_us: 0.0 }
    }

    fn at(planned: &[f64]) -> ArrivalTimes {
        ArrivalTimes { planned: planned.to_vec(), connections: planned.len(), ..ArrivalTimes::default() }
    }

    #[test]
    fn requests_that_arrive_at_once_are_done_in_waves() {
        let done = simulate(&together(10, 10), 1_000.0, 4).done;
        assert_eq!(done, [1., 1., 1., 1., 2., 2., 2., 2., 3., 3.].map(|waves| waves * 1_000.0));
    }

    #[test]
    fn spaced_requests_wait_only_for_a_busy_server() {
        let spaced = at(&[0.0, 100.0, 200.0]);
        assert_eq!(simulate(&spaced, 1_000.0, usize::MAX).done, [1_000.0, 1_100.0, 1_200.0]);
        assert_eq!(simulate(&spaced, 1_000.0, 1).done, [1_000.0, 2_000.0, 3_000.0]);
    }

    #[test]
    fn a_connection_sends_its_next_request_after_an_answer() {
        let done = simulate(&together(5, 2), 10.0, usize::MAX).done;
        assert_eq!(done, [10.0, 10.0, 20.0, 20.0, 30.0]);
    }

    #[test]
    fn at_a_rate_the_peak_is_the_number_of_arrivals_in_a_service_time() {
        let spaced = at(&(0..20).map(|i| f64::from(i) * 10.0).collect::<Vec<_>>());
        assert_eq!(simulate(&spaced, 35.0, usize::MAX).peak(), 4);
        assert_eq!(simulate(&together(12, 5), 35.0, usize::MAX).peak(), 5);
    }

    proptest! {
        #[test]
        fn a_larger_pool_is_never_slower(n in 1_usize..60, c in 1_usize..60, k in 1_usize..60, spacing in 0.0..500.0) {
            let mut arrivals = together(n, c);
            for (i, planned) in arrivals.planned.iter_mut().enumerate() {
                *planned = i as f64 * spacing;
            }
            let fewer = simulate(&arrivals, 100.0, k);
            let more = simulate(&arrivals, 100.0, k + 1);
            prop_assert_eq!(fewer.done.len(), n);
            prop_assert!(fewer.arrived.is_sorted() && fewer.done.is_sorted());
            prop_assert!(fewer.end() >= more.end());
            // One worker needs at least n service times for n requests.
            prop_assert!(simulate(&arrivals, 100.0, 1).end() >= n as f64 * 100.0);
        }
    }
}
