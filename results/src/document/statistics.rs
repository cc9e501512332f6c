//! Statistics of a burst's requests: latency, histogram, parts.

use judge::aggregate::{Aggregate, Times};
use judge::stats::{Spread, percentile};
use judge::trace::{Row, Trace};
use judge::units::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The number of bars of a histogram.
const BARS: usize = 10;

/// Latencies in milliseconds. Percentiles are by the nearest-rank method.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// The minimum.
    pub min: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The 10th percentile.
    pub p10: f64,
    /// The 25th percentile.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// The 75th percentile.
    pub p75: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The maximum.
    pub max: f64,
}

/// A bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    /// The upper bound, in milliseconds. The lower bound is the upper bound of the previous bar.
    pub up_to_ms: f64,
    /// The number of answers with a latency above the lower bound, up to the upper bound.
    pub count: usize,
}

/// The parts of the good answers' latency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parts {
    /// Opening the connection; part of the latency only if each request opens a connection.
    pub connect: Part,
    /// From the send of the request's first byte to the answer's first byte.
    pub wait: Part,
    /// From the answer's first byte to its last byte.
    pub read: Part,
}

/// A part of the latency, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// The arithmetic mean.
    pub mean: f64,
    /// The minimum.
    pub min: f64,
    /// The maximum.
    pub max: f64,
}

/// The statistics of all requests of a burst: those in the trace, and those that are only counted.
pub struct Statistics {
    /// The latency from the send.
    pub latency: Option<Latency>,
    /// The latency from the planned send.
    pub from_plan: Option<Latency>,
    /// The histogram of the latency from the send.
    pub histogram: Vec<Bar>,
    /// The parts of the latency, and connecting.
    pub parts: Option<Parts>,
    /// The aggregate of all requests.
    pub aggregate: Aggregate,
}

impl Statistics {
    /// Computes the statistics of the rows of `trace` and of `counted_only`.
    pub fn new(trace: &Trace, counted_only: Aggregate) -> Self {
        let is_exact = counted_only.requests == 0;
        let mut aggregate = counted_only;
        aggregate.extend(&trace.rows);
        let sorted = |time: fn(&Row) -> Option<f64>| {
            let mut times: Vec<f64> = trace.answered().filter_map(time).collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let latency = |times: &Times, time: fn(&Row) -> Option<f64>| match is_exact {
            true => Latency::exact(&sorted(time), &times.spread),
            false => Latency::new(&times.spread, |share| times.percentile(share)),
        };
        let is_planned = trace.schedule.open.is_some();
        let from_plan =
            is_planned.then(|| latency(&aggregate.from_plan, Row::latency_from_plan_us)).flatten();
        let latencies = sorted(Row::latency_us);
        let up_to = |us: f64| match is_exact {
            true => latencies.partition_point(|value| *value <= us),
            false => aggregate.latency.count_up_to(us),
        };
        Self {
            latency: latency(&aggregate.latency, Row::latency_us),
            from_plan,
            histogram: histogram(&aggregate.latency.spread, up_to),
            parts: Parts::new(&aggregate),
            aggregate,
        }
    }
}

impl Latency {
    fn exact(sorted: &[f64], spread: &Spread) -> Option<Self> {
        Self::new(spread, |share| percentile(sorted, share))
    }

    fn new(spread: &Spread, percentile: impl Fn(f64) -> Option<f64>) -> Option<Self> {
        let at = |share| percentile(share).map(ms);
        Some(Self {
            mean: ms(spread.mean()?),
            min: ms(spread.min),
            p10: at(0.1)?,
            p25: at(0.25)?,
            p50: at(0.5)?,
            p75: at(0.75)?,
            p90: at(0.9)?,
            p95: at(0.95)?,
            p99: at(0.99)?,
            max: ms(spread.max),
        })
    }
}

impl Parts {
    fn new(aggregate: &Aggregate) -> Option<Self> {
        let part = |spread: &Spread| {
            Some(Part { mean: ms(spread.mean()?), min: ms(spread.min), max: ms(spread.max) })
        };
        Some(Self {
            connect: part(&aggregate.connect)?,
            wait: part(&aggregate.wait)?,
            read: part(&aggregate.read)?,
        })
    }
}

/// Counts the values in each of [`BARS`] ranges of equal width. `up_to` returns the number of values up to a bound.
fn histogram(spread: &Spread, up_to: impl Fn(f64) -> usize) -> Vec<Bar> {
    let mut before = 0;
    let mut bars = Vec::new();
    for bound in spread.ranges(BARS) {
        // The last bar takes all remaining values: rounding may put some of them above its bound.
        let below = if bound == spread.max { spread.count } else { up_to(bound).max(before) };
        bars.push(Bar { up_to_ms: ms(bound), count: below - before });
        before = below;
    }
    bars
}

fn ms(us: f64) -> f64 {
    rounded(us / 1e3, 3)
}

#[cfg(test)]
mod tests {
    use judge::schedule::Schedule;
    use judge::trace::Outcome;
    use proptest::prelude::*;

    use super::*;

    fn trace(latencies: &[f64]) -> Trace {
        let rows = latencies.iter().enumerate().map(|(i, us)| Row {
            i,
            connect_us: Some(100.0),
            planned_us: Some(0.0),
            sent_us: Some(0.0),
            first_byte_us: Some(us / 2.0),
            done_us: *us,
            outcome: Outcome::Answered(200),
            ..Row::default()
        });
        Trace::new(Schedule::together(latencies.len()), 1.0, rows.collect())
    }

    #[test]
    fn the_histogram_of_a_pool_of_four_has_three_bars() {
        let us: Vec<f64> = (0..10).map(|i| f64::from(i / 4 + 1) * 1e6).collect();
        let statistics = Statistics::new(&trace(&us), Aggregate::default());
        let counts: Vec<usize> = statistics.histogram.iter().map(|bar| bar.count).collect();
        assert_eq!(counts, [4, 0, 0, 0, 4, 0, 0, 0, 0, 2]);
        let latency = statistics.latency.unwrap();
        assert_eq!((latency.p10, latency.p50, latency.max), (1000.0, 2000.0, 3000.0));
        assert_eq!(statistics.from_plan, None, "not an open loop");
    }

    proptest! {
        #[test]
        fn counted_requests_have_the_same_statistics_as_kept_ones(us in prop::collection::vec(100.0..1e7, 2..300), keep in 0_usize..300) {
            let all = trace(&us);
            let exact = Statistics::new(&all, Aggregate::default());
            let (kept, rest) = all.rows.split_at(keep.min(us.len()));
            let counted = Statistics::new(&Trace { rows: kept.to_vec(), ..all.clone() }, Aggregate::of(rest));
            let (exact_latency, latency) = (exact.latency.unwrap(), counted.latency.unwrap());
            for (exact, counted) in [
                (exact_latency.p50, latency.p50), (exact_latency.p99, latency.p99), (exact_latency.mean, latency.mean),
            ] {
                prop_assert!((exact - counted).abs() <= 0.002 + exact / 500.0, "{exact} {counted}");
            }
            prop_assert_eq!((latency.min, latency.max), (exact_latency.min, exact_latency.max));
            for statistics in [exact, counted] {
                prop_assert_eq!(statistics.histogram.iter().map(|bar| bar.count).sum::<usize>(), us.len());
            }
        }
    }
}
