//! First guesses of the parameters of hypotheses.

use std::ops::RangeInclusive;

use super::history::History;
use super::hypothesis::{Hypothesis, WINDOWS};
use super::server_model::ServerModel;
use super::service_shape::Shape;
use super::simulate::{Outcome, TOGETHER};
use super::speed_mixture::SpeedMixture;

/// The most requests alone.
const ALONE: f64 = 9.0;
/// How long a short batch waits for more requests: a turn of an event loop, in seconds.
const SHORT_GATHER: f64 = 0.001;
/// Largest delays of networks, in seconds.
const NETWORKS: [f64; 2] = [0.000_2, 0.006];

/// The largest delay on the way, each way, that gives times a standard deviation of one: two uniform ones.
const JITTER: f64 = 2.449_489_7;
/// Such delays in seconds that are possible.
const JITTERS: RangeInclusive<f64> = 0.000_8..=0.02;

/// Returns the median and the spread of the quickest burst of about `n` requests.
fn quickest(history: &History, n: usize, median: f64, spread: f64) -> (f64, f64) {
    let bursts = history.seen.iter().filter_map(|one| {
        let logs: Vec<f64> =
            one.outcomes.first()?.iter().flatten().filter(|one| one.1).map(|one| one.0.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let squares = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        (2 * logs.len() >= n.max(6)).then(|| (mean.exp(), (squares / logs.len() as f64).sqrt()))
    });
    bursts.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((median, spread))
}

/// The number of requests that were served.
fn served(part: &[Outcome]) -> f64 {
    part.iter().flatten().filter(|one| one.1).count() as f64
}

/// What the largest burst suggests.
pub(super) struct InitialEstimates {
    median: f64,
    spread: f64,
    warm_up: Option<f64>,
    /// The largest burst's number of answers, its first and its last answer.
    count: f64,
    first: f64,
    last: f64,
    /// How many answers came first.
    at_first: f64,
    /// How many answers came with the first.
    at_once: f64,
    /// The median answer.
    middle: f64,
    /// The mean time between answers.
    gap: f64,
    /// The most requests of a part of an experiment that were served.
    most: f64,
    /// How many requests were refused, and the median time until then.
    refused: f64,
    refused_after: f64,
    /// The median service time and the spread that the quickest large burst would show.
    burst: (f64, f64),
    /// The two speeds of the requests, if there are two.
    two: Option<SpeedMixture>,
    /// How many workers served the largest burst when it came again.
    workers_again: f64,
    /// The experiment whose requests took longest.
    slowest: usize,
    slowest_by: f64,
}

impl InitialEstimates {
    pub(super) fn of(history: &History) -> Self {
        let mut alone = history.alone.clone();
        alone.sort_by(f64::total_cmp);
        let median = alone[alone.len() / 2];
        let logs: Vec<f64> = alone.iter().map(|time| (time / median).ln()).collect();
        let squares = logs.iter().map(|log| log * log).sum::<f64>();
        let spread = (squares / logs.len() as f64).sqrt().clamp(0.005, 1.0);
        let main = |i: usize| {
            let part = history.seen[i].outcomes.first();
            part.map_or(0, Vec::len)
        };
        let largest = (0..history.seen.len()).max_by_key(|i| (main(*i), usize::MAX - *i));
        let outcomes = largest.and_then(|i| history.seen[i].outcomes.first());
        let times = |good: bool| -> Vec<f64> {
            let all = outcomes.into_iter().flatten().flatten();
            let mut times: Vec<f64> = all.filter(|one| one.1 == good).map(|one| one.0).collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let (good, refused) = (times(true), times(false));
        let at = |times: &[f64], share: f64| {
            times.get(((times.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(median)
        };
        let (first, last) = (at(&good, 0.0), at(&good, 1.0));
        let n = largest.map_or(0, main);
        let lasts = |i: usize| {
            let all = history.seen[i].outcomes.first().into_iter().flatten().flatten();
            all.map(|one| one.0).fold(median, f64::max)
        };
        let again =
            (0..history.seen.len()).filter(|i| main(*i) == n).map(lasts).fold(f64::INFINITY, f64::min);
        let medians = history.seen.iter().enumerate().map(|(i, one)| {
            let mut times: Vec<f64> = one.outcomes.iter().flatten().flatten().map(|one| one.0).collect();
            times.sort_by(f64::total_cmp);
            (at(&times, 0.5), i)
        });
        let slowest = medians.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((median, 0));
        Self {
            median,
            spread,
            warm_up: history.warm_up(),
            count: good.len().max(1) as f64,
            first,
            last,
            at_first: good.partition_point(|time| *time < 1.35 * first.max(0.7 * median)).max(1) as f64,
            at_once: good.partition_point(|time| *time < 1.05 * first).max(1) as f64,
            middle: at(&good, 0.5),
            gap: ((last - first) / (good.len().max(2) - 1) as f64).max(1e-5 * median),
            most: history
                .seen
                .iter()
                .flat_map(|one| &one.outcomes)
                .map(|part| served(part))
                .fold(1.0, f64::max),
            refused: refused.len() as f64,
            refused_after: at(&refused, 0.5),
            burst: quickest(history, n, median, spread),
            two: SpeedMixture::of(good.iter().chain(&history.alone).map(|time| time.ln()).collect()),
            workers_again: (n as f64 * median / again.max(median)).max(1.0),
            slowest: slowest.1,
            slowest_by: (slowest.0 - median).max(0.2 * median),
        }
    }

    /// Returns first guesses of the parameters.
    pub(super) fn guesses(&self, model: ServerModel) -> Vec<Hypothesis> {
        let Self { median, count, gap, at_first, .. } = *self;
        let effective = (count * median / self.last).max(1.0);
        let share = gap / median;
        let paced = |size: f64| ((self.last - median) / (count - size).max(1.0)).max(1e-5 * median);
        let late = (self.middle - median).max(0.15 * median);
        let points: Vec<Vec<f64>> = match model {
            ServerModel::Unlimited => vec![vec![]],
            ServerModel::SingleFlight => NETWORKS.map(|network| vec![network]).to_vec(),
            ServerModel::Uneven => vec![vec![0.3, 1.0], vec![0.5, 2.0], vec![0.2, 3.0]],
            ServerModel::Pause => {
                [0.01, 0.3, 0.5, 0.7, 0.85].map(|from| vec![from * median, self.slowest_by]).to_vec()
            }
            ServerModel::Pool | ServerModel::LastFirst | ServerModel::AnyOrder => {
                [effective, 0.7 * effective, 1.4 * effective, at_first, self.at_once]
                    .map(|k| vec![k.round().max(1.0)])
                    .to_vec()
            }
            ServerModel::Pace | ServerModel::Cost | ServerModel::Accepting => {
                vec![vec![gap], vec![paced(1.0)]]
            }
            ServerModel::Bucket => [at_first, 0.6 * at_first, 0.5 * count, 2.0, 4.0, 8.0, 12.0, 17.0]
                .iter()
                .flat_map(|size| [paced(size.max(2.0)), gap].map(|gap| vec![gap, size.round().max(2.0)]))
                .collect(),
            ServerModel::LockFirst | ServerModel::LockLast => {
                [share, 0.8 * share].map(|share| vec![share.clamp(0.005, 0.92)]).to_vec()
            }
            ServerModel::InnerFirst | ServerModel::InnerLast => {
                [2.0, 3.0, 5.0, 8.0, 14.0, at_first, self.at_once]
                    .iter()
                    .flat_map(|places| {
                        let places: f64 = places.max(2.0);
                        // Services that vary leave one by one, steady ones in steps.
                        let step =
                            (self.last - self.first) / median / ((count / places).ceil() - 1.0).max(1.0);
                        [places * share, step].map(|share| vec![share.clamp(0.005, 0.92), places])
                    })
                    .collect()
            }
            ServerModel::Processors => [effective, 0.7 * effective, 1.0].map(|cores| vec![cores]).to_vec(),
            ServerModel::PooledProcessors => [at_first, self.at_once, 2.0 * effective, 4.0, 8.0]
                .iter()
                .flat_map(|places| {
                    [effective, 0.8 * effective]
                        .map(|cores| vec![cores, places.max(1.2 * cores).round().max(2.0)])
                })
                .collect(),
            ServerModel::Batches => [effective, at_first, self.at_once, 2.0 * effective]
                .iter()
                .flat_map(|size| {
                    let gathers = [0.1 * median, SHORT_GATHER];
                    gathers.into_iter().flat_map(move |gather| {
                        NETWORKS.map(|network| vec![size.round().max(2.0), gather, network])
                    })
                })
                .collect(),
            ServerModel::ColdStart => vec![vec![late], vec![(self.last - median).max(0.2 * median)]],
            ServerModel::WarmPool => vec![
                vec![(self.last - median).max(0.2 * median), at_first.max(2.0)],
                vec![late, (0.7 * at_first).max(2.0)],
                vec![late, (0.4 * count).max(2.0)],
                vec![0.7 * late, (0.2 * count).max(2.0)],
                vec![(self.last - median).max(0.2 * median), (0.7 * count).max(2.0)],
            ],
            ServerModel::Growing => {
                let from = [1.0, 0.7 * at_first, at_first];
                let every = [0.15, 0.4, 1.0];
                let to = [self.workers_again, 1.5 * self.workers_again];
                let all = from.iter().flat_map(|from| every.map(|every| (from.round().max(1.0), every)));
                all.flat_map(|(from, every)| {
                    to.map(|to| vec![from, (to - from).round().max(1.0), every * median])
                })
                .collect()
            }
            ServerModel::Sticky => [2.0, 3.0, 4.0, 6.0, 8.0]
                .map(|processes: f64| vec![processes, (1.3 * effective / processes).round().max(1.0)])
                .to_vec(),
            ServerModel::Capped => {
                [count, effective, at_first, self.at_once].map(|k| vec![k.min(count), count]).to_vec()
            }
            ServerModel::Deadline => {
                [effective, at_first, 0.6 * effective].map(|k| vec![k, self.refused_after]).to_vec()
            }
            ServerModel::RateCap => [0.03, 0.08, 0.15, 0.3, 0.5, 0.7, 1.0, 1.5, 2.5, 4.0, 7.0, 12.0]
                .iter()
                .flat_map(|gap| {
                    let sizes =
                        [count, count + 1.0, count + 2.0, 2.0 * count, self.most, self.most + 0.5 * ALONE];
                    sizes.map(|size| vec![gap * median, size.max(1.0)])
                })
                .collect(),
            // The requests alone came one after the other: those in the window counted.
            ServerModel::WindowCap | ServerModel::WindowOfAll | ServerModel::WindowEstimate => WINDOWS
                .iter()
                .flat_map(|window| {
                    let alone = (window / median).min(ALONE).round();
                    [0.0, alone - 1.0, alone, alone + 1.0].map(|more| vec![*window, (count + more).max(1.0)])
                })
                .collect(),
            ServerModel::Failing => vec![vec![(self.refused / (self.refused + count)).max(0.01)]],
        };
        let mut all: Vec<Hypothesis> = Vec::new();
        for spread in [self.spread, 0.5 * self.spread, 2.0 * self.spread] {
            all.extend(points.iter().map(|point| self.hypothesis(model, median, spread, point)));
        }
        // The network may make all the difference between requests alone.
        let jitter = self.spread * median * JITTER;
        let fits = jitter < 0.5 * median && JITTERS.contains(&jitter);
        if fits && !matches!(model, ServerModel::SingleFlight | ServerModel::Batches) {
            let steady = points.iter().map(|point| self.hypothesis(model, median - jitter, 0.004, point));
            all.extend(steady.map(|one| Hypothesis { jitter, ..one }));
        }
        // Without a limit, a burst shows the service times.
        if matches!(
            model,
            ServerModel::Unlimited
                | ServerModel::ColdStart
                | ServerModel::WarmPool
                | ServerModel::Pause
                | ServerModel::SingleFlight
        ) {
            let (median, spread) = self.burst;
            all.extend(points.iter().map(|point| self.hypothesis(model, median, spread, point)));
            if matches!(model, ServerModel::Unlimited | ServerModel::Pause) {
                for shape in [Shape::Uniform, Shape::Gamma] {
                    let shaped = points.iter().map(|point| self.hypothesis(model, median, spread, point));
                    all.extend(shaped.map(|one| Hypothesis { shape, ..one }));
                }
            }
        }
        // The requests alone may be longer or shorter than others: the burst shows how long they take in a pool of k.
        if matches!(model, ServerModel::Pool | ServerModel::LastFirst | ServerModel::AnyOrder) {
            let fitting = |k: f64| (k * self.last / count).clamp(0.6 * median, 1.6 * median);
            all.extend(
                points.iter().map(|point| self.hypothesis(model, fitting(point[0]), self.spread, point)),
            );
        }
        if let (ServerModel::Uneven, Some(two)) = (model, &self.two) {
            all.push(self.hypothesis(model, two.quick, two.spread, &[two.share, two.slow / two.quick - 1.0]));
        }
        // A rate may have paced the requests alone: only the first one found a token.
        if let (ServerModel::Pace, Some(warm_up)) = (model, self.warm_up) {
            all.push(self.hypothesis(model, warm_up, self.spread, &[median]));
        }
        if let (ServerModel::Bucket, true) = (model, self.first < 0.8 * median) {
            all.push(self.hypothesis(model, self.first, self.spread, &[median, at_first.max(2.0)]));
        }
        all
    }

    fn hypothesis(&self, model: ServerModel, median: f64, spread: f64, point: &[f64]) -> Hypothesis {
        let service = [median, spread.clamp(0.003, 1.2)];
        let point = service.into_iter().chain(point.iter().copied()).map(|value| value.max(1e-9).ln());
        Hypothesis {
            model,
            point: point.collect(),
            experiment: self.slowest,
            is_warm: self.warm_up.is_none_or(|warm_up| warm_up < 1.3 * self.median),
            is_shared: model.prior().shared >= 0.5,
            by_session: false,
            jitter: TOGETHER,
            shape: Shape::LogNormal,
        }
    }
}
