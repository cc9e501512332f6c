//! What an ideal server would do with what came to it.

use super::arrivals::Arrivals;

/// When requests come and are done on an ideal server, in microseconds from the burst's start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Simulated {
    /// When each comes, sorted.
    pub arrived: Vec<f64>,
    /// When each is done, in the same order, which is sorted as well.
    pub done: Vec<f64>,
}

/// The simulated of `arrivals` on a server that takes `k` requests at a time, first come first served, each
/// for exactly `service_us`.
///
/// This is the deterministic G/D/k queue: all take equally long, so that the i-th finds a place when the
/// (i-k)-th is done (Lindley's recursion for k places). All at once it is done at ceil(i/k) s.
pub fn simulate(arrivals: &Arrivals, service_us: f64, k: usize) -> Simulated {
    let count = arrivals.count();
    let mut simulated = Simulated { arrived: Vec::with_capacity(count), done: Vec::with_capacity(count) };
    let (mut planned, mut followed) = (0, 0);
    for i in 0..count {
        let next = arrivals.planned.get(planned).copied();
        let freed = (followed < arrivals.follow_ups).then(|| simulated.done.get(followed).copied()).flatten();
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
        let free = i.checked_sub(k.max(1)).map_or(arrival, |before| simulated.done[before]);
        simulated.arrived.push(arrival);
        simulated.done.push(arrival.max(free) + service_us);
    }
    simulated
}

impl Simulated {
    /// When the last is done.
    pub fn end(&self) -> f64 {
        self.done.last().copied().unwrap_or(0.0)
    }

    /// The most that are there at once.
    pub fn peak(&self) -> usize {
        let mut gone = 0;
        let there = self.arrived.iter().enumerate().map(|(i, arrival)| {
            // Whoever comes as another goes doesn't meet it, whatever the rounding.
            while self.done.get(gone).is_some_and(|done| *done <= arrival + 1e-9 * arrival.abs()) {
                gone += 1;
            }
            (i + 1).saturating_sub(gone)
        });
        there.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn together(count: usize, connections: usize) -> Arrivals {
        let first = count.min(connections);
        Arrivals { planned: vec![0.0; first], follow_ups: count - first, connections, late_us: 0.0 }
    }

    fn at(planned: &[f64]) -> Arrivals {
        Arrivals { planned: planned.to_vec(), connections: planned.len(), ..Arrivals::default() }
    }

    #[test]
    fn all_at_once_the_i_th_is_done_after_so_many_waves() {
        let done = simulate(&together(10, 10), 1_000.0, 4).done;
        assert_eq!(done, [1., 1., 1., 1., 2., 2., 2., 2., 3., 3.].map(|waves| waves * 1_000.0));
    }

    #[test]
    fn spaced_requests_wait_only_where_they_must() {
        let spaced = at(&[0.0, 100.0, 200.0]);
        assert_eq!(simulate(&spaced, 1_000.0, usize::MAX).done, [1_000.0, 1_100.0, 1_200.0]);
        assert_eq!(simulate(&spaced, 1_000.0, 1).done, [1_000.0, 2_000.0, 3_000.0]);
    }

    #[test]
    fn a_connection_sends_its_next_when_the_last_is_answered() {
        let done = simulate(&together(5, 2), 10.0, usize::MAX).done;
        assert_eq!(done, [10.0, 10.0, 20.0, 20.0, 30.0]);
    }

    #[test]
    fn a_rate_has_as_many_there_as_come_while_one_is_served() {
        let spaced = at(&(0..20).map(|i| f64::from(i) * 10.0).collect::<Vec<_>>());
        assert_eq!(simulate(&spaced, 35.0, usize::MAX).peak(), 4);
        assert_eq!(simulate(&together(12, 5), 35.0, usize::MAX).peak(), 5);
    }

    proptest! {
        #[test]
        fn more_places_are_never_slower(n in 1_usize..60, c in 1_usize..60, k in 1_usize..60, spacing in 0.0..500.0) {
            let mut arrivals = together(n, c);
            for (i, planned) in arrivals.planned.iter_mut().enumerate() {
                *planned = i as f64 * spacing;
            }
            let fewer = simulate(&arrivals, 100.0, k);
            let more = simulate(&arrivals, 100.0, k + 1);
            prop_assert_eq!(fewer.done.len(), n);
            prop_assert!(fewer.arrived.is_sorted() && fewer.done.is_sorted());
            prop_assert!(fewer.end() >= more.end());
            // One place serves n requests in n turns at least.
            prop_assert!(simulate(&arrivals, 100.0, 1).end() >= n as f64 * 100.0);
        }
    }
}
