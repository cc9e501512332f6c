//! What is expected of a burst, and whether it came.

use std::ops::RangeInclusive;

use judge::verdict::{Kind, Shape, Verdict};
use serde::Deserialize;

/// How far from the expected number the number served at a time may be.
const TOLERANCE: f64 = 1.0;

/// A verdict that is expected, as `setups.toml` says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Expectation {
    /// Of this kind, at any scale.
    Kind(Kind),
    /// Of the kind that a number served at a time makes.
    Limited(Limited),
}

/// As many at a time as something allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limited {
    /// What decides how many are served at a time.
    at_a_time: Limit,
    /// What kind may come out as well where the waits are shortened.
    scaled: Option<Kind>,
    /// How the answers come.
    shape: Option<Shape>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Limit {
    /// This many.
    Number(u32),
    /// What there is of something.
    Of(Supply),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Supply {
    /// As many as there are cores.
    Cores,
    /// As many as the instances that the burst fills.
    Instances,
}

/// What there is of each thing that limits, the least and the most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many cores' work the system under test can do.
    pub cores: RangeInclusive<usize>,
    /// How many requests an instance has room for at once.
    pub room: RangeInclusive<usize>,
}

/// A verdict that is expected here and now.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Its kind, at full scale.
    pub kind: Kind,
    /// How many are served at a time, the least and the most; `None` where the kind says enough.
    pub at_a_time: Option<(f64, f64)>,
    scaled: Option<Kind>,
    shape: Option<Shape>,
}

impl Expectation {
    /// What it means for `n` requests, limited by `limits`.
    pub fn resolve(&self, n: usize, limits: &Limits) -> Expected {
        match self {
            Self::Kind(kind) => Expected { kind: *kind, at_a_time: None, scaled: None, shape: None },
            Self::Limited(Limited { at_a_time, scaled, shape }) => {
                let n = n as f64;
                let (least, most) = match at_a_time {
                    Limit::Number(number) => (f64::from(*number), f64::from(*number)),
                    Limit::Of(Supply::Cores) => (*limits.cores.start() as f64, *limits.cores.end() as f64),
                    // The average: the last instance may be partly full.
                    Limit::Of(Supply::Instances) => {
                        (n / *limits.room.end() as f64, n / *limits.room.start() as f64)
                    }
                };
                let (least, most) = (least.clamp(1.0, n), most.clamp(1.0, n));
                let kind = match (least, most) {
                    (_, most) if most < 2.0 => Kind::Sequential,
                    (least, _) if least >= n => Kind::Parallel,
                    _ => Kind::Limited,
                };
                Expected { kind, at_a_time: Some((least, most)), scaled: *scaled, shape: *shape }
            }
        }
    }
}

impl Expected {
    /// What was expected instead of `verdict` on `n` requests, in words; `None` where it is the
    /// expected one. `is_scaled` says that waits were shortened.
    pub fn mismatch(&self, verdict: &Verdict, n: usize, is_scaled: bool) -> Option<String> {
        let kind = verdict.kind;
        let is_number = self.at_a_time.is_none_or(|(least, most)| {
            verdict.at_a_time.is_some_and(|k| (least - TOLERANCE..=most + TOLERANCE).contains(&k))
        });
        if !(self.is_kind(kind, n) || is_scaled && self.scaled == Some(kind)) || !is_number {
            return Some(self.headline());
        }
        self.shape.filter(|shape| verdict.shape != Some(*shape)).map(|shape| format!("{shape} answers"))
    }

    /// Where a range is expected, its ends may be of different kinds.
    fn is_kind(&self, kind: Kind, n: usize) -> bool {
        let Some((least, most)) = self.at_a_time else { return kind == self.kind };
        match kind {
            Kind::Sequential => least < 2.0,
            Kind::Limited => most > 1.0,
            Kind::Parallel => most >= n as f64,
            Kind::Refused | Kind::Inconclusive => false,
        }
    }

    /// Such as `limited, 2 at a time`.
    fn headline(&self) -> String {
        match self.at_a_time.filter(|_| self.kind == Kind::Limited) {
            Some((least, most)) if least == most => format!("limited, {} at a time", round(least)),
            Some((least, most)) => format!("limited, {} to {} at a time", round(least), round(most)),
            None => self.kind.to_string(),
        }
    }
}

fn round(number: f64) -> f64 {
    judge::units::rounded(number, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(toml: &str, n: usize, cores: RangeInclusive<usize>, room: RangeInclusive<usize>) -> Expected {
        #[derive(Deserialize)]
        struct File {
            expect: Expectation,
        }
        toml::from_str::<File>(&format!("expect = {toml}"))
            .unwrap()
            .expect
            .resolve(n, &Limits { cores, room })
    }

    fn on_cores(cores: RangeInclusive<usize>) -> Expected {
        expected(r#"{ at_a_time = "cores", scaled = "sequential" }"#, 4 * cores.end(), cores, 1..=1)
    }

    fn trap(room: RangeInclusive<usize>) -> Expected {
        expected(r#"{ at_a_time = "instances", scaled = "limited", shape = "batched" }"#, 10, 2..=2, room)
    }

    fn verdict(kind: Kind, k: f64) -> Verdict {
        Verdict { at_a_time: Some(k), shape: Some(Shape::Batched), ..Verdict::of(kind) }
    }

    #[test]
    fn as_many_as_there_are_cores_give_or_take_one() {
        let four = on_cores(4..=4);
        assert_eq!(four.mismatch(&verdict(Kind::Limited, 3.2), 16, false), None);
        assert_eq!(four.mismatch(&verdict(Kind::Limited, 5.0), 16, false), None);
        let wrong = Some("limited, 4 at a time".to_owned());
        assert_eq!(four.mismatch(&verdict(Kind::Limited, 2.0), 16, false), wrong);
        assert_eq!(four.mismatch(&verdict(Kind::Parallel, 16.0), 16, false), wrong);
        assert_eq!(four.mismatch(&verdict(Kind::Sequential, 1.0), 16, false), wrong);
        assert_eq!(four.mismatch(&verdict(Kind::Sequential, 1.0), 16, true), wrong, "nor when scaled");
        assert_eq!(four.mismatch(&Verdict::of(Kind::Inconclusive), 16, false), wrong);
    }

    #[test]
    fn one_core_is_sequential() {
        let one = on_cores(1..=1);
        assert_eq!(one.kind, Kind::Sequential);
        assert_eq!(one.mismatch(&verdict(Kind::Sequential, 1.0), 4, false), None);
        let wrong = Some("sequential".to_owned());
        assert_eq!(one.mismatch(&verdict(Kind::Limited, 1.4), 4, false), wrong);
        assert_eq!(one.mismatch(&verdict(Kind::Parallel, 4.0), 4, false), wrong);
    }

    #[test]
    fn two_threads_of_one_core_are_one_or_two() {
        let threads = on_cores(1..=2);
        assert_eq!(threads.mismatch(&verdict(Kind::Sequential, 1.0), 8, false), None);
        assert_eq!(threads.mismatch(&verdict(Kind::Limited, 1.3), 8, false), None);
        let wrong = Some("limited, 1 to 2 at a time".to_owned());
        assert_eq!(threads.mismatch(&verdict(Kind::Parallel, 8.0), 8, false), wrong);
    }

    #[test]
    fn as_many_as_instances_that_the_burst_fills() {
        let five = trap(2..=2);
        assert_eq!(five.mismatch(&verdict(Kind::Limited, 5.2), 10, false), None);
        assert_eq!(
            five.mismatch(&verdict(Kind::Sequential, 1.0), 10, false),
            Some("limited, 5 at a time".to_owned())
        );
        let any = trap(1..=4);
        assert_eq!(any.mismatch(&verdict(Kind::Parallel, 10.0), 10, false), None);
    }

    #[test]
    fn at_full_scale_nothing_but_the_expected_kind_will_do() {
        let one = trap(16..=16);
        assert_eq!(one.mismatch(&verdict(Kind::Sequential, 1.0), 10, false), None);
        let wrong = Some("sequential".to_owned());
        assert_eq!(one.mismatch(&verdict(Kind::Limited, 1.5), 10, false), wrong);
        assert_eq!(one.mismatch(&verdict(Kind::Limited, 1.5), 10, true), None);
        assert_eq!(one.mismatch(&verdict(Kind::Parallel, 10.0), 10, true), wrong);
        let unbatched = Verdict { shape: None, ..verdict(Kind::Sequential, 1.0) };
        assert_eq!(one.mismatch(&unbatched, 10, true), Some("batched answers".to_owned()));
    }
}
