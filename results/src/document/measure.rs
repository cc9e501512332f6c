//! The measures of a burst, by name.

use std::fmt;

use judge::units;

use super::{Burst, Latency};

/// A measure of a burst. Times are in milliseconds.
#[derive(Clone, Copy)]
pub struct Measure {
    /// The name, as `--expect` has it.
    pub name: &'static str,
    /// Whether it is a time, which has a unit.
    is_time: bool,
    /// Returns the value; `None` if the burst has none.
    pub read: fn(&Burst) -> Option<f64>,
}

const MEASURES: [Measure; 21] = [
    time("min", |burst| latency(burst, |latency| latency.min)),
    time("mean", |burst| latency(burst, |latency| latency.mean)),
    time("p10", |burst| latency(burst, |latency| latency.p10)),
    time("p25", |burst| latency(burst, |latency| latency.p25)),
    time("p50", |burst| latency(burst, |latency| latency.p50)),
    time("p75", |burst| latency(burst, |latency| latency.p75)),
    time("p90", |burst| latency(burst, |latency| latency.p90)),
    time("p95", |burst| latency(burst, |latency| latency.p95)),
    time("p99", |burst| latency(burst, |latency| latency.p99)),
    time("max", |burst| latency(burst, |latency| latency.max)),
    time("makespan", |burst| (burst.ok > 0).then_some(burst.makespan_ms)),
    time("total", |burst| Some(burst.total_ms)),
    time("service", |burst| Some(burst.service_ms)),
    time("start_skew", |burst| Some(burst.start_skew_us / 1e3)),
    number("at_a_time", |burst| burst.verdict.at_a_time),
    number("ok", |burst| Some(burst.ok as f64)),
    number("failed", |burst| Some(burst.failed as f64)),
    number("refused", |burst| Some(burst.refused as f64)),
    number("unsent", |burst| Some(burst.unsent as f64)),
    number("instances", |burst| Some(burst.instances as f64)),
    number("per_second", |burst| Some(burst.per_second)),
];

const fn time(name: &'static str, read: fn(&Burst) -> Option<f64>) -> Measure {
    Measure { name, is_time: true, read }
}

const fn number(name: &'static str, read: fn(&Burst) -> Option<f64>) -> Measure {
    Measure { name, is_time: false, read }
}

fn latency(burst: &Burst, value: fn(&Latency) -> f64) -> Option<f64> {
    burst.latency_ms.as_ref().map(value)
}

impl Measure {
    /// Returns the names of all measures.
    pub fn names() -> impl Iterator<Item = &'static str> + use<> {
        MEASURES.iter().map(|measure| measure.name)
    }

    /// Returns the measure with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        MEASURES.into_iter().find(|measure| measure.name == name)
    }

    /// Formats a value with its unit.
    pub fn format(&self, value: f64) -> String {
        match self.is_time {
            true => units::time(value),
            false => units::rounded(value, 2).to_string(),
        }
    }

    /// Parses a value, such as `1200ms` for a time. `None` if the unit is missing or wrong, or the value is negative.
    pub fn parse(&self, text: &str) -> Option<f64> {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let factor = match (&text[digits.len()..], self.is_time) {
            ("", false) | ("ms", true) => 1.0,
            ("us", true) => 1e-3,
            ("s", true) => 1e3,
            _ => return None,
        };
        let value: f64 = digits.trim().parse().ok()?;
        (value.is_finite() && value >= 0.0).then_some(value * factor)
    }
}

impl fmt::Debug for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
