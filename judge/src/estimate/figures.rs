//! The figures of a summary that an estimate is drawn from.

use super::pool::{Pool, TOLERANCE};
use super::summary::Summary;
use super::{Range, why};
use crate::kind::{Kind, PARALLEL, SEQUENTIAL};

/// Fewer answers than this show no pattern.
const LEAST_ANSWERS: usize = 3;
/// With fewer requests in flight on average, the server had hardly a choice.
const LEAST_IN_FLIGHT: f64 = 1.5;
/// A service time, given as one value, may be wrong by this share.
const INACCURACY: f64 = 0.1;
/// A fastest answer of fewer steps of the clock than this is no measurement.
const LEAST_STEPS: f64 = 5.0;
/// In a burst of at least this many rounds of the connections, the end hardly counts.
const MANY_ROUNDS: f64 = 5.0;
/// Connections that wait for answers for a smaller share of the time than this pause in between.
const BUSY: f64 = 0.8;
/// The most numbers of workers that are compared with a distribution.
const MOST_CANDIDATES: usize = 200;
/// With more connections, no distribution is compared: it would take long.
const MOST_CONNECTIONS: usize = 20_000;
/// Pools whose deviations differ by less explain a distribution about as well.
const ALIKE: f64 = 0.05;
/// The largest deviation from a whole number, as a share, that still is this number.
const WHOLE: f64 = 0.1;

/// The figures of a summary that an estimate is drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    /// The number of good answers.
    pub(super) answered: f64,
    /// The whole time, in milliseconds.
    pub(super) duration_ms: f64,
    /// The mean time of an answer; `None` if unknown.
    pub(super) mean_ms: Option<f64>,
    /// The service time, in milliseconds: the given one, or the fastest answer's.
    pub(super) service_ms: f64,
    /// The interval of the service time.
    service_range: (f64, f64),
    /// Whether the fastest answer stands in for the service time.
    pub(super) is_guessed: bool,
    /// The connections that send without pauses; `None` if a rate sets the sends, or they pause.
    pub(super) connections: Option<f64>,
    /// The number of requests in flight, on average; `None` if unknown.
    pub(super) in_flight: Option<f64>,
}

impl Figures {
    /// Returns the figures, or the reason why there is no estimate.
    pub(super) fn of(summary: &Summary) -> Result<Self, String> {
        let positive = |value: Option<f64>| value.filter(|value| value.is_finite() && *value > 0.0);
        if summary.answered < LEAST_ANSWERS {
            return Err(why::too_few(summary));
        }
        let duration_ms = positive(Some(summary.duration_ms))
            .ok_or("the summary doesn't tell how long the requests took in total")?;
        let fastest_ms = positive(summary.fastest_ms).filter(|ms| *ms >= LEAST_STEPS * summary.resolution_ms);
        let known_ms = positive(summary.service_ms);
        let service_ms = known_ms.or(fastest_ms).ok_or(why::NO_FASTEST)?;
        let (answered, mean_ms) = (summary.answered as f64, positive(summary.mean_ms));
        let in_flight = mean_ms.map(|mean| answered / duration_ms * mean);
        let mut figures = Self {
            answered,
            duration_ms,
            mean_ms,
            service_ms,
            service_range: service_range(summary, service_ms, known_ms.is_none()),
            is_guessed: known_ms.is_none(),
            connections: None,
            in_flight,
        };
        figures.connections = figures.connections(summary);
        Ok(figures)
    }

    /// Returns the connections if each sends its next request at once after an answer.
    fn connections(&self, summary: &Summary) -> Option<f64> {
        if summary.per_second.is_some() {
            return None;
        }
        let all_at_once = summary.is_sent_at_once().then_some(self.answered);
        let given = summary.connections.map(|connections| (connections as f64).clamp(1.0, self.answered));
        let without_pauses =
            self.in_flight.filter(|_| !summary.may_pause).map(|count| count.round().max(1.0));
        let connections = given.or(all_at_once).or(without_pauses)?;
        let has_many_rounds = self.answered >= MANY_ROUNDS * connections;
        let pauses = self.in_flight.is_some_and(|in_flight| in_flight < BUSY * connections);
        (!has_many_rounds || !pauses).then_some(connections)
    }

    /// The number of requests in service at a time, on average.
    pub(super) fn in_service(&self) -> f64 {
        self.answered / self.duration_ms * self.service_ms
    }

    /// The number of requests that the server could have served at a time: all that were in flight.
    pub(super) fn offered(&self) -> f64 {
        self.connections.or(self.in_flight).unwrap_or(self.answered)
    }

    /// Returns the reason why the figures support no estimate, whatever the kind.
    pub(super) fn check(&self, summary: &Summary) -> Result<(), String> {
        let (low, _) = self.service_range;
        let typical = self.mean_ms.or(summary.slowest_ms);
        let steps = summary.resolution_ms;
        match typical {
            _ if self.offered() < LEAST_IN_FLIGHT => Err(why::one_in_flight(self)),
            Some(typical) if typical + steps < PARALLEL * low => Err(why::too_quick(self)),
            _ if self.duration_ms < PARALLEL * low => Err(why::too_quick(self)),
            // As quick as the fastest one, or as slow.
            Some(typical) if self.is_guessed && typical <= self.service_ms / PARALLEL + steps => {
                Err(why::NO_SERVICE_TIME.to_owned())
            }
            None if self.connections.is_none() => Err(why::NO_LOAD.to_owned()),
            _ => Ok(()),
        }
    }

    /// Returns the kind, by the definitions of a burst: the whole time beside that of a server without limit, and of one that
    /// takes one at a time.
    pub(super) fn kind(&self) -> Result<Kind, String> {
        let in_service = self.in_service();
        let is_alone = in_service <= SEQUENTIAL;
        let is_idle = in_service < 1.0 / SEQUENTIAL;
        let Some(connections) = self.connections else {
            // The load has pauses, so that the whole time says nothing.
            let waits = self.mean_ms.is_some_and(|mean| mean > self.service_ms / PARALLEL);
            return match (waits, is_alone) {
                (false, _) => Ok(Kind::Parallel),
                (true, true) if is_idle => Err(why::pauses(self)),
                (true, true) => Ok(Kind::Sequential),
                (true, false) => Ok(Kind::Limited),
            };
        };
        let rounds = (self.answered / connections).ceil();
        let is_parallel = self.duration_ms <= rounds * self.service_ms / PARALLEL;
        match (is_parallel, is_alone) {
            (true, true) => Err(why::one_in_flight(self)),
            (true, false) => Ok(Kind::Parallel),
            (false, true) if is_idle => Ok(Kind::Limited),
            (false, true) => Ok(Kind::Sequential),
            (false, false) => Ok(Kind::Limited),
        }
    }

    /// Returns the number of workers of the pool whose answers would have the summary's distribution; `None` if there is none.
    pub(super) fn pool(&self, summary: &Summary) -> Option<f64> {
        let counts = self.connection_counts(summary)?;
        let (low, high) = self.nominal();
        let first = ((low * (1.0 - WHOLE)).floor() as usize).max(1);
        let last = ((high * (1.0 + WHOLE)).ceil() as usize).min(first.saturating_add(MOST_CANDIDATES));
        let requests = summary.answered;
        let pairs =
            counts.iter().flat_map(|count| (first..=last.min(*count)).map(move |workers| (workers, *count)));
        let deviations = pairs.filter_map(|(workers, connections)| {
            let pool = Pool { workers, connections, requests, service_ms: self.service_ms };
            let deviation = pool.deviation(&summary.quantiles, summary.resolution_ms)?;
            (deviation <= TOLERANCE).then_some((workers, deviation))
        });
        // Of several that explain it about as well, the one that the throughput tells.
        let rank = |(workers, deviation): &(usize, f64)| {
            ((deviation / ALIKE).floor(), (*workers as f64 - self.in_service()).abs())
        };
        let best = deviations.min_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        best.map(|(workers, _)| workers as f64)
    }

    /// Returns the possible numbers of connections. If only the requests in flight tell it, the end counts: each of `c` connections
    /// waits for the last answers, half of its own time on average, so that `c - c^2 / 2n` of them were in flight.
    fn connection_counts(&self, summary: &Summary) -> Option<Vec<usize>> {
        let connections = self.connections?;
        let mut counts = vec![connections as usize];
        if let Some(in_flight) = self.in_flight.filter(|_| summary.connections.is_none()) {
            let ended = self.answered * (1.0 - (1.0 - 2.0 * in_flight / self.answered).max(0.0).sqrt());
            counts.extend(
                [ended.floor() as usize, ended.ceil() as usize].into_iter().filter(|count| *count > 0),
            );
        }
        counts.retain(|count| *count <= MOST_CONNECTIONS);
        Some(counts)
    }

    /// Returns the numbers of workers that would take this whole time: the last wave may be partly full.
    fn nominal(&self) -> (f64, f64) {
        let waves = self.duration_ms / self.service_ms;
        (self.in_service(), self.most(waves))
    }

    fn most(&self, waves: f64) -> f64 {
        let offered = self.offered();
        if waves > 1.0 { (self.answered / (waves - 1.0)).min(offered) } else { offered }
    }

    /// Returns the number of requests that were served at a time; `None` if that's no number, as with a rate.
    pub(super) fn range(&self, kind: Kind, pool: Option<f64>) -> Option<Range> {
        let in_service = self.in_service();
        let (least, longest) = self.service_range;
        // A rounding error must not leave out a whole number.
        let low = in_service / self.service_ms * least * (1.0 - 1e-9);
        let high = self.most(self.duration_ms / longest);
        let range = |k: f64| Some(Range { k, low: low.min(k), high: high.max(k) });
        match kind {
            Kind::Parallel => {
                let offered = self.offered();
                Some(Range { k: offered, low: low.min(offered), high: offered })
            }
            Kind::Sequential => Some(Range { k: 1.0, low: 1.0, high: in_service.max(1.0) }),
            Kind::Limited if in_service < 1.0 => None,
            Kind::Limited => range(pool.unwrap_or_else(|| whole(in_service).min(self.offered()))),
            _ => None,
        }
    }
}

/// Returns the interval of the service time: of the times given, or as accurate as a single one is. The fastest answer is a
/// lower bound.
fn service_range(summary: &Summary, service_ms: f64, is_guessed: bool) -> (f64, f64) {
    if is_guessed {
        return (service_ms, service_ms * (1.0 + INACCURACY));
    }
    let mut times = summary.baseline.times_ms();
    let first = times.next().map(|first| (first, first));
    let span = first.map(|first| times.fold(first, |(low, high), ms| (low.min(ms), high.max(ms))));
    let (low, high) = span.unwrap_or((service_ms, service_ms));
    (low.min(service_ms * (1.0 - INACCURACY)), high.max(service_ms * (1.0 + INACCURACY)))
}

/// Returns the whole number that `k` is near, or `k`.
fn whole(k: f64) -> f64 {
    let whole = k.round();
    if (k - whole).abs() <= WHOLE * whole { whole } else { k }
}
