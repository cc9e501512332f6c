//! What a burst's requests come to: times, counts, and how they were to be sent.

use std::collections::BTreeMap;

use judge::aggregate::{Aggregate, Times};
use judge::schedule::{Arrivals, Schedule};
use judge::stats::{Spread, percentile};
use judge::trace::{Row, Trace};
use judge::units::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many bars a histogram has.
const BARS: usize = 10;

/// When the requests were to be sent. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sending {
    /// How long after the release the burst started.
    pub delay_ms: f64,
    /// How far apart the first sends of a closed loop were.
    pub spacing_ms: f64,
    /// How many requests a second were due; null where each waited for an answer.
    pub rate: Option<f64>,
    /// How the rate was spread; null where there was none.
    pub arrivals: Option<Arrivals>,
    /// What `arrivals` began with, to be given to `--seed`; null where nothing was random.
    pub seed: Option<u64>,
    /// For how long the rate grew; null where there was none.
    pub ramp_ms: Option<f64>,
    /// After what time nothing more was sent; null where only the number ended it.
    pub duration_ms: Option<f64>,
}

/// Percentiles by the nearest-rank method, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// The least.
    pub min: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// One of ten took no longer.
    pub p10: f64,
    /// A quarter took no longer.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// Three quarters took no longer.
    pub p75: f64,
    /// Nine of ten took no longer.
    pub p90: f64,
    /// 95 of 100 took no longer.
    pub p95: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// The most.
    pub max: f64,
}

/// A bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    /// Its upper bound, in milliseconds; it begins where the one before ends.
    pub up_to_ms: f64,
    /// How many took more than the bar before, and no more than this.
    pub count: usize,
}

/// The parts of what good answers took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parts {
    /// Opening the connection that carried the request; no part of the latency, unless each request opens its own.
    pub connect: Part,
    /// From the send of the first byte to the first byte of the answer.
    pub wait: Part,
    /// From there to its last byte.
    pub read: Part,
}

/// A part, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// The arithmetic mean.
    pub mean: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// All requests of a burst, whether kept or only counted.
pub struct Figures {
    /// From the send.
    pub latency: Option<Latency>,
    /// From the planned send.
    pub from_plan: Option<Latency>,
    /// Of the latency from the send.
    pub bars: Vec<Bar>,
    /// Of the latency, and of connecting.
    pub parts: Option<Parts>,
    /// All of it.
    pub aggregate: Aggregate,
}

impl Figures {
    /// The rows of `trace`, and those `beyond`.
    pub fn of(trace: &Trace, beyond: Aggregate) -> Self {
        let is_exact = beyond.requests == 0;
        let mut aggregate = beyond;
        aggregate.extend(&trace.rows);
        let kept = |time: fn(&Row) -> Option<f64>| {
            let mut kept: Vec<f64> = trace.answered().filter_map(time).collect();
            kept.sort_by(f64::total_cmp);
            kept
        };
        let told = |times: &Times, time: fn(&Row) -> Option<f64>| match is_exact {
            true => Latency::exact(&kept(time), &times.spread),
            false => Latency::told(&times.spread, |share| times.percentile(share)),
        };
        let is_planned = trace.schedule.open.is_some();
        let from_plan = is_planned.then(|| told(&aggregate.from_plan, Row::latency_from_plan_us)).flatten();
        let sorted = kept(Row::latency_us);
        let up_to = |us: f64| match is_exact {
            true => sorted.partition_point(|value| *value <= us),
            false => aggregate.latency.count_up_to(us),
        };
        Self {
            latency: told(&aggregate.latency, Row::latency_us),
            from_plan,
            bars: bars(&aggregate.latency.spread, up_to),
            parts: Parts::of(&aggregate),
            aggregate,
        }
    }
}

impl Latency {
    fn exact(sorted: &[f64], spread: &Spread) -> Option<Self> {
        Self::told(spread, |share| percentile(sorted, share))
    }

    fn told(spread: &Spread, percentile: impl Fn(f64) -> Option<f64>) -> Option<Self> {
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
    fn of(aggregate: &Aggregate) -> Option<Self> {
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

impl Sending {
    /// What of the schedule is no number of requests or connections.
    pub fn of(schedule: &Schedule) -> Self {
        let ms = |time: std::time::Duration| rounded(time.as_secs_f64() * 1e3, 3);
        let open = schedule.open;
        Self {
            delay_ms: ms(schedule.delay),
            spacing_ms: ms(schedule.spacing),
            rate: open.map(|open| open.rate),
            arrivals: open.map(|open| open.arrivals),
            seed: open.filter(|open| open.arrivals == Arrivals::Poisson).map(|open| open.seed),
            ramp_ms: open.map(|open| ms(open.ramp)),
            duration_ms: schedule.duration.map(ms),
        }
    }
}

/// How many values lie in each of [`BARS`] ranges of equal width.
fn bars(spread: &Spread, up_to: impl Fn(f64) -> usize) -> Vec<Bar> {
    let mut before = 0;
    let mut bars = Vec::new();
    for bound in spread.ranges(BARS) {
        // The last holds what a histogram's digits put above it.
        let below = if bound == spread.max { spread.count } else { up_to(bound).max(before) };
        bars.push(Bar { up_to_ms: ms(bound), count: below - before });
        before = below;
    }
    bars
}

/// How many of each status, under the names that JSON wants.
pub fn statuses(aggregate: &Aggregate) -> BTreeMap<String, usize> {
    aggregate.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect()
}

fn ms(us: f64) -> f64 {
    rounded(us / 1e3, 3)
}

#[cfg(test)]
mod tests {
    use judge::trace::{Generator, Outcome};
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
        Trace {
            schedule: Schedule::together(latencies.len()),
            service_ms: 1.0,
            rows: rows.collect(),
            shared_clock: true,
            keep_alive: true,
            generator: Generator::default(),
            missing: judge::trace::MissingData::default(),
        }
    }

    #[test]
    fn a_pool_of_four_shows_in_the_bars_as_it_is() {
        let us: Vec<f64> = (0..10).map(|i| f64::from(i / 4 + 1) * 1e6).collect();
        let figures = Figures::of(&trace(&us), Aggregate::default());
        let counts: Vec<usize> = figures.bars.iter().map(|bar| bar.count).collect();
        assert_eq!(counts, [4, 0, 0, 0, 4, 0, 0, 0, 0, 2]);
        let latency = figures.latency.unwrap();
        assert_eq!((latency.p10, latency.p50, latency.max), (1000.0, 2000.0, 3000.0));
        assert_eq!(figures.from_plan, None, "no open loop");
    }

    proptest! {
        #[test]
        fn counted_requests_tell_the_same_as_kept_ones(us in prop::collection::vec(100.0..1e7, 2..300), keep in 0_usize..300) {
            let all = trace(&us);
            let exact = Figures::of(&all, Aggregate::default());
            let (kept, beyond) = all.rows.split_at(keep.min(us.len()));
            let counted = Figures::of(&Trace { rows: kept.to_vec(), ..all.clone() }, Aggregate::of(beyond));
            let (exact_latency, latency) = (exact.latency.unwrap(), counted.latency.unwrap());
            for (exact, counted) in [
                (exact_latency.p50, latency.p50), (exact_latency.p99, latency.p99), (exact_latency.mean, latency.mean),
            ] {
                prop_assert!((exact - counted).abs() <= 0.002 + exact / 500.0, "{exact} {counted}");
            }
            prop_assert_eq!((latency.min, latency.max), (exact_latency.min, exact_latency.max));
            for figures in [exact, counted] {
                prop_assert_eq!(figures.bars.iter().map(|bar| bar.count).sum::<usize>(), us.len());
            }
        }
    }
}
