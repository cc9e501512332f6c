//! The times of answers from an ideal pool, as shares: what a summary's distribution is compared with.

use std::collections::BTreeMap;

use super::summary::Quantile;

/// The largest deviation of a quantile from that of a pool that still explains it, as a share of its time.
pub(super) const TOLERANCE: f64 = 0.15;
/// The distance at which shares still count as the same: tools compute percentiles in different ways.
const SAME_SHARE: f64 = 0.02;
/// Quantiles above this share are often those of a few late answers, in any server.
const TAIL: f64 = 0.96;
/// Fewer quantiles don't show a distribution.
const LEAST_QUANTILES: usize = 3;

/// A pool of workers that each take one request at a time, for the same service time, in the order of arrival. `connections`
/// send their first request at once, and each next one after its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pool {
    pub(super) workers: usize,
    pub(super) connections: usize,
    pub(super) requests: usize,
    pub(super) service_ms: f64,
}

impl Pool {
    /// Returns the largest deviation of the quantiles from those of this pool, as a share; `None` if they are too few.
    pub(super) fn deviation(&self, quantiles: &[Quantile], resolution_ms: f64) -> Option<f64> {
        let times = Times::of(self);
        let slack = SAME_SHARE + 0.5 / self.requests as f64;
        let body = quantiles.iter().filter(|quantile| (0.0..=TAIL).contains(&quantile.share));
        let deviations: Vec<f64> = body
            .map(|Quantile { share, low_ms, high_ms }| {
                let least = times.at(share - slack) - resolution_ms;
                let most = times.at(share + slack) + resolution_ms;
                let outside = (low_ms - most).max(least - high_ms).max(0.0);
                outside / times.at(*share)
            })
            .collect();
        (deviations.len() >= LEAST_QUANTILES).then(|| deviations.into_iter().fold(0.0, f64::max))
    }
}

/// The sorted times of a pool's answers. The first answer of each connection is different for each; those after repeat.
struct Times {
    /// The times in ascending order, each with the number of answers up to it.
    steps: Vec<(f64, f64)>,
}

impl Times {
    /// Request `j`, from 0, leaves with the wave `j / workers`. It is sent when request `j - connections` leaves.
    fn of(pool: &Pool) -> Self {
        let Pool { workers, connections, requests, service_ms } = *pool;
        let connections = connections.clamp(1, requests.max(1));
        let workers = workers.clamp(1, connections);
        // The number of answers that take so many waves.
        let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
        let mut add = |waves: usize, count: f64| *counts.entry(waves).or_default() += count;
        for wave in 1..=connections.div_ceil(workers) {
            let last = (wave * workers).min(connections);
            add(wave, (last - (wave - 1) * workers) as f64);
        }
        let (least, rest) = (connections / workers, connections % workers);
        // In each wave, the first `rest` requests were sent a wave earlier than the others.
        let early = |before: usize| before / workers * rest + (before % workers).min(rest);
        let later = requests.saturating_sub(connections);
        let longer = early(requests.max(connections)) - early(connections);
        add(least + 1, longer as f64);
        add(least, (later - longer) as f64);
        let mut below = 0.0;
        let steps = counts.into_iter().map(|(waves, count)| {
            below += count;
            (waves as f64 * service_ms, below)
        });
        Self { steps: steps.collect() }
    }

    /// Returns the time that this share of the answers doesn't exceed.
    fn at(&self, share: f64) -> f64 {
        let all = self.steps.last().map_or(0.0, |(_, all)| *all);
        let rank = (share.clamp(0.0, 1.0) * all).max(f64::MIN_POSITIVE);
        let step = self.steps.iter().find(|(_, below)| *below + 1e-9 >= rank).or(self.steps.last());
        step.map_or(0.0, |(ms, _)| *ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The times of the same pool, request by request.
    fn simulated(pool: &Pool) -> Vec<f64> {
        let mut free = vec![0.0; pool.workers];
        let mut sends: Vec<f64> = vec![0.0; pool.connections.min(pool.requests)];
        let mut times = Vec::new();
        for j in 0..pool.requests {
            let at = (0..free.len()).min_by(|a, b| f64::total_cmp(&free[*a], &free[*b])).unwrap();
            free[at] = f64::max(free[at], sends[j]) + pool.service_ms;
            times.push(free[at] - sends[j]);
            sends.push(free[at]);
        }
        times.sort_by(f64::total_cmp);
        times
    }

    proptest! {
        #[test]
        fn a_pool_explains_its_own_times(
            workers in 1_usize..20, waiting in 0_usize..40, requests in 10_usize..500, service_ms in 1.0..1_000.0,
        ) {
            let connections = workers + waiting;
            let pool = Pool { workers, connections, requests, service_ms };
            let times = simulated(&pool);
            let quantiles: Vec<Quantile> = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
                .map(|share| Quantile::exact(share, crate::stats::percentile(&times, share).unwrap())).into();
            let deviation = pool.deviation(&quantiles, 0.0).unwrap();
            prop_assert!(deviation <= TOLERANCE, "{deviation} {quantiles:?}");
        }
    }

    #[test]
    fn two_speeds_are_not_a_pool() {
        let pool = Pool { workers: 2, connections: 10, requests: 200, service_ms: 10.0 };
        let quantiles =
            [(0.5, 10.0), (0.75, 90.0), (0.9, 90.0)].map(|(share, ms)| Quantile::exact(share, ms));
        assert!(pool.deviation(&quantiles, 0.0).unwrap() > TOLERANCE);
        assert_eq!(pool.deviation(&quantiles[..2], 0.0), None, "too few");
    }
}
