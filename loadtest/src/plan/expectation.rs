//! The expected verdict of a burst, and the comparison with the actual verdict.

use std::fmt;
use std::ops::RangeInclusive;

use judge::verdict::{Kind, Shape, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IntoDeserializer, MapAccess, Unexpected, Visitor};

/// The largest allowed difference between the expected and the measured number at a time.
const TOLERANCE: f64 = 1.0;

/// An expected verdict, as in `setups.toml`.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum Expectation {
    /// A kind of verdict, at any time scale.
    Kind(Kind),
    /// A number at a time, from which the kind follows.
    Limited(Limited),
}

/// An expected number at a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limited {
    /// The number of requests served at a time, with a tolerance of 1.
    at_a_time: Limit,
    /// Another kind that is accepted if the waits are shortened.
    #[serde(default)]
    scaled: Option<Kind>,
    /// The expected order of the answers.
    shape: Option<Shape>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
enum Limit {
    /// A fixed number.
    Number(u32),
    /// The number of a resource.
    Of(Resource),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Resource {
    /// The processor cores.
    Cores,
    /// The instances that the burst fills.
    Instances,
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Expectation;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a verdict such as \"parallel\", or a table with at_a_time")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Expectation, E> {
                Kind::deserialize(text.into_deserializer()).map(Expectation::Kind)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expectation, A::Error> {
                Limited::deserialize(MapAccessDeserializer::new(map)).map(Expectation::Limited)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Limit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 1, \"cores\" or \"instances\"")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Limit, E> {
                let limit = u32::try_from(number).ok().filter(|limit| *limit > 0);
                limit.map(Limit::Number).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Limit, E> {
                Resource::deserialize(text.into_deserializer()).map(Limit::Of)
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

/// The resources that limit the requests at a time, each as a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The processor cores available to the system under test.
    pub cores: RangeInclusive<usize>,
    /// The most requests that an instance takes at once.
    pub instance_concurrency: RangeInclusive<usize>,
}

/// An expected verdict for a given burst and machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// The kind, at full time scale.
    pub kind: Kind,
    /// The least and the most requests served at a time; `None` if only the kind is expected.
    pub at_a_time: Option<(f64, f64)>,
    scaled: Option<Kind>,
    shape: Option<Shape>,
}

impl Expectation {
    /// Resolves it for `n` requests and `limits`.
    pub fn resolve(&self, n: usize, limits: &Limits) -> Expected {
        match self {
            Self::Kind(kind) => Expected { kind: *kind, at_a_time: None, scaled: None, shape: None },
            Self::Limited(Limited { at_a_time, scaled, shape }) => {
                let n = n as f64;
                let (least, most) = match at_a_time {
                    Limit::Number(number) => (f64::from(*number), f64::from(*number)),
                    Limit::Of(Resource::Cores) => (*limits.cores.start() as f64, *limits.cores.end() as f64),
                    // The average: the last instance may be partly full.
                    Limit::Of(Resource::Instances) => (
                        n / *limits.instance_concurrency.end() as f64,
                        n / *limits.instance_concurrency.start() as f64,
                    ),
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
    /// The expectation in words if `verdict` on `n` requests differs from it, otherwise `None`. `is_scaled` is whether the
    /// waits were shortened.
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

    /// Whether `kind` is expected. The ends of an expected range may have different kinds.
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

    fn expected(
        toml: &str,
        n: usize,
        cores: RangeInclusive<usize>,
        concurrency: RangeInclusive<usize>,
    ) -> Expected {
        #[derive(Deserialize)]
        struct File {
            expect: Expectation,
        }
        toml::from_str::<File>(&format!("expect = {toml}"))
            .unwrap()
            .expect
            .resolve(n, &Limits { cores, instance_concurrency: concurrency })
    }

    fn on_cores(cores: RangeInclusive<usize>) -> Expected {
        expected(r#"{ at_a_time = "cores", scaled = "sequential" }"#, 4 * cores.end(), cores, 1..=1)
    }

    fn batched(concurrency: RangeInclusive<usize>) -> Expected {
        expected(
            r#"{ at_a_time = "instances", scaled = "limited", shape = "batched" }"#,
            10,
            2..=2,
            concurrency,
        )
    }

    fn verdict(kind: Kind, k: f64) -> Verdict {
        Verdict { at_a_time: Some(k), shape: Some(Shape::Batched), ..Verdict::of(kind) }
    }

    #[test]
    fn the_number_of_cores_has_a_tolerance_of_one() {
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
    fn two_threads_of_a_core_are_one_to_two_cores() {
        let threads = on_cores(1..=2);
        assert_eq!(threads.mismatch(&verdict(Kind::Sequential, 1.0), 8, false), None);
        assert_eq!(threads.mismatch(&verdict(Kind::Limited, 1.3), 8, false), None);
        let wrong = Some("limited, 1 to 2 at a time".to_owned());
        assert_eq!(threads.mismatch(&verdict(Kind::Parallel, 8.0), 8, false), wrong);
    }

    #[test]
    fn the_number_of_filled_instances_is_expected() {
        let five = batched(2..=2);
        assert_eq!(five.mismatch(&verdict(Kind::Limited, 5.2), 10, false), None);
        assert_eq!(
            five.mismatch(&verdict(Kind::Sequential, 1.0), 10, false),
            Some("limited, 5 at a time".to_owned())
        );
        let any = batched(1..=4);
        assert_eq!(any.mismatch(&verdict(Kind::Parallel, 10.0), 10, false), None);
    }

    #[test]
    fn the_scaled_kind_is_accepted_only_if_scaled() {
        let one = batched(16..=16);
        assert_eq!(one.mismatch(&verdict(Kind::Sequential, 1.0), 10, false), None);
        let wrong = Some("sequential".to_owned());
        assert_eq!(one.mismatch(&verdict(Kind::Limited, 1.5), 10, false), wrong);
        assert_eq!(one.mismatch(&verdict(Kind::Limited, 1.5), 10, true), None);
        assert_eq!(one.mismatch(&verdict(Kind::Parallel, 10.0), 10, true), wrong);
        let unbatched = Verdict { shape: None, ..verdict(Kind::Sequential, 1.0) };
        assert_eq!(one.mismatch(&unbatched, 10, true), Some("batched answers".to_owned()));
    }
}
