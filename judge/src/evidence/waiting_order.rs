//! The order in which waiting requests were served.

use crate::mechanism::Order;
use crate::trace::{Row, Trace};

/// A request that took this many service times had to wait.
const WAITED: f64 = 1.5;
/// Fewer waiting requests than this show no order.
const MIN_WAITING: usize = 8;
/// The rank correlation from which on the order of the answers follows that of the sends.
const FOLLOWS: f64 = 0.6;
/// The rank correlation up to which the order of the answers has nothing to do with that of the sends.
const UNRELATED: f64 = 0.3;
/// A correlation by chance exceeds this many standard deviations in less than 1 of 1,000 bursts.
const SIGNIFICANT: f64 = 3.3;
/// Sends that are further apart than this reach the server in their order, in microseconds.
const IN_ORDER_US: f64 = 1_000.0;

/// Returns the order in which a pool of `workers` served the requests that waited for it; `None` if the burst doesn't show it.
///
/// Counted are requests that were sent before the first answer: later ones compete with those that wait. The orders of the
/// sends and of the answers are compared by Spearman's rank correlation; its standard deviation is 1/sqrt(n - 1) if there is no
/// relation (Kendall and Gibbons, "Rank Correlation Methods", 1990).
///
/// A correlation shows that the order of the sends reached the server. Its absence shows no random order unless the sends are so
/// far apart that the network can't change their order.
pub(crate) fn waiting_order(trace: &Trace, workers: f64) -> Option<Order> {
    let first_answer = trace.answered().map(|row| row.done_us).fold(f64::INFINITY, f64::min);
    let waited = |row: &&Row| row.latency_us().is_some_and(|us| us > WAITED * trace.service_ms * 1e3);
    let mut requests: Vec<(f64, f64)> = trace
        .answered()
        .filter(waited)
        .filter_map(|row| Some((row.sent_us.filter(|sent| *sent < first_answer)?, row.done_us)))
        .collect();
    if requests.len() < MIN_WAITING {
        return None;
    }
    let count = requests.len() as f64;
    let (sent, done): (Vec<f64>, Vec<f64>) = requests.iter().copied().unzip();
    let correlation = correlation(&ranks(&sent), &ranks(&done))?;
    let is_significant = correlation.abs() * (count - 1.0).sqrt() >= SIGNIFICANT;
    if correlation.abs() >= FOLLOWS && is_significant {
        return Some(if correlation > 0.0 { Order::Fifo } else { Order::Lifo });
    }
    requests.sort_by(|a, b| a.0.total_cmp(&b.0));
    let is_in_order = requests.windows(2).all(|pair| pair[1].0 - pair[0].0 >= IN_ORDER_US);
    // The answers of one wave come in any order.
    let has_waves = count >= 4.0 * workers;
    (is_in_order && has_waves && correlation.abs() <= UNRELATED).then_some(Order::Random)
}

/// Returns the rank of each value. Equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = before as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|i| ranks[*i] = mean);
        before += equal.len();
    }
    ranks
}

/// Returns Pearson's correlation; `None` if one of them doesn't vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |product: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| product(a - mean_a, b - mean_b)).sum()
    };
    let scale = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    (scale > 0.0).then(|| sum(&|a, b| a * b) / scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schedule::Schedule;
    use crate::trace::Outcome;

    /// A pool of `k`, requests `spacing_us` apart. `next` chooses among so many waiting requests.
    fn pool(n: usize, k: usize, spacing_us: f64, mut next: impl FnMut(usize) -> usize) -> Trace {
        let service_us = 1e6;
        let sent = |i: usize| i as f64 * spacing_us;
        let mut free: Vec<f64> = vec![0.0; k];
        let mut waiting: Vec<usize> = (0..n).collect();
        let mut rows = Vec::new();
        for served in 0..n {
            let worker = (0..k).min_by(|a, b| free[*a].total_cmp(&free[*b])).unwrap();
            // All requests are there before a worker becomes free again.
            let at = if served < k { 0 } else { next(waiting.len()) };
            let i = waiting.remove(at);
            free[worker] = free[worker].max(sent(i)) + service_us;
            rows.push(Row {
                i,
                planned_us: Some(sent(i)),
                sent_us: Some(sent(i)),
                done_us: free[worker],
                outcome: Outcome::Answered(200),
                ..Row::default()
            });
        }
        Trace::new(Schedule::together(n), 1_000.0, rows)
    }

    #[test]
    fn the_orders_of_a_pool_are_told_apart() {
        let random = fastrand::Rng::with_seed(3);
        for spacing_us in [50.0, 2_000.0] {
            let order = |next: &dyn Fn(usize) -> usize| waiting_order(&pool(40, 4, spacing_us, next), 4.0);
            assert_eq!(order(&|_| 0), Some(Order::Fifo));
            assert_eq!(order(&|count| count - 1), Some(Order::Lifo));
            let mut random = random.clone();
            let trace = pool(60, 4, spacing_us, |count| random.usize(..count));
            // Sends at nearly the same time may have come in any order.
            assert_eq!(waiting_order(&trace, 4.0), (spacing_us > 1_000.0).then_some(Order::Random));
        }
    }

    #[test]
    fn few_or_simultaneous_requests_show_no_order() {
        assert_eq!(waiting_order(&pool(10, 4, 50.0, |_| 0), 4.0), None, "few waited");
        assert_eq!(waiting_order(&pool(40, 4, 0.0, |_| 0), 4.0), None, "no order of sends");
    }

    proptest! {
        #[test]
        fn equal_values_have_equal_ranks_and_ranks_add_up(values in prop::collection::vec(0..10_u8, 1..50)) {
            let ranks = ranks(&values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>());
            let all: f64 = ranks.iter().sum();
            prop_assert!((all - (values.len() * (values.len() - 1)) as f64 / 2.0).abs() < 1e-6);
            for (i, a) in values.iter().enumerate() {
                for (j, b) in values.iter().enumerate() {
                    prop_assert_eq!(a.cmp(b), ranks[i].total_cmp(&ranks[j]));
                }
            }
        }
    }
}
