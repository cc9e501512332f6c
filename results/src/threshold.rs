//! What `--expect` demands of a burst, such as `parallel`, `limited>=16`, `p99<1200ms` or `e1-p1: failed=0`.

use std::fmt;
use std::str::FromStr;

use judge::verdict::Kind;

use crate::document::{Burst, Checked, Measure};

/// What is allowed, for the error.
const ALLOWED: &str = "[ENDPOINT:]CONDITION is allowed, where CONDITION is a verdict (parallel, sequential, limited, \
    refused, inconclusive), limited with a number (limited>=16), or a measure with <, <=, >, >=, = or != and a value: \
    min, mean, p10, p25, p50, p75, p90, p95, p99, max, makespan, total, service, start_skew with us, ms or s; \
    at_a_time, ok, failed, unsent, instances, per_second";

/// A demand on a burst.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As it was written.
    text: String,
    /// The endpoint that it is for; all where it is left out.
    endpoint: Option<String>,
    condition: Condition,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Kind(Kind),
    /// Limited, to a number that compares so.
    Limited(Comparison, f64),
    Measure(Measure, Comparison, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

impl Threshold {
    /// Whether it is for the endpoint of this name.
    pub fn is_for(&self, endpoint: &str) -> bool {
        self.endpoint.as_deref().is_none_or(|only| only == endpoint)
    }

    /// The measure that it compares, the comparison's sign, and the value; times are in milliseconds.
    pub fn measure(&self) -> Option<(&'static str, &'static str, f64)> {
        match &self.condition {
            Condition::Measure(measure, comparison, value) => Some((measure.name, comparison.sign(), *value)),
            Condition::Kind(_) | Condition::Limited(..) => None,
        }
    }

    /// Whether `burst` meets it.
    pub fn check(&self, burst: &Burst) -> Checked {
        let kind = burst.verdict.kind;
        let (met, seen) = match &self.condition {
            Condition::Kind(wanted) => (kind == *wanted, burst.verdict.headline()),
            Condition::Limited(comparison, value) => {
                let at_a_time = burst.verdict.at_a_time.filter(|_| kind == Kind::Limited);
                (at_a_time.is_some_and(|k| comparison.holds(k, *value)), burst.verdict.headline())
            }
            Condition::Measure(measure, comparison, value) => match (measure.of)(burst) {
                Some(seen) => {
                    (comparison.holds(seen, *value), format!("{} {}", measure.name, measure.told(seen)))
                }
                None => (false, format!("no {}", measure.name)),
            },
        };
        Checked { expect: self.text.clone(), met, seen }
    }
}

/// Checks all that are for it, and notes it.
pub fn check(thresholds: &[Threshold], burst: &mut Burst) {
    burst.thresholds =
        thresholds.iter().filter(|one| one.is_for(&burst.endpoint)).map(|one| one.check(burst)).collect();
}

/// The first that is for none of `endpoints`, in words.
pub fn without_endpoint(thresholds: &[Threshold], endpoints: &[String]) -> Option<String> {
    let lost = thresholds.iter().find(|one| !endpoints.iter().any(|endpoint| one.is_for(endpoint)))?;
    Some(format!("--expect '{lost}' is for none of the endpoints here: {}", endpoints.join(", ")))
}

impl Comparison {
    /// In the order in which their signs must be looked for.
    const ALL: [(&'static str, Self); 7] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("!=", Self::Unequal),
        ("==", Self::Equal),
        ("<", Self::Less),
        (">", Self::More),
        ("=", Self::Equal),
    ];

    fn sign(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, one)| *one == self).map_or("", |(sign, _)| sign)
    }

    fn holds(self, seen: f64, value: f64) -> bool {
        match self {
            Self::Less => seen < value,
            Self::AtMost => seen <= value,
            Self::More => seen > value,
            Self::AtLeast => seen >= value,
            Self::Equal => seen == value,
            Self::Unequal => seen != value,
        }
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (endpoint, rest) = match text.rsplit_once(':') {
            Some((endpoint, rest)) => (Some(endpoint.trim().to_owned()), rest.trim()),
            None => (None, text),
        };
        let condition = condition(rest).ok_or(ALLOWED)?;
        if endpoint.as_deref() == Some("") {
            return Err(ALLOWED.to_owned());
        }
        Ok(Self { text: text.to_owned(), endpoint, condition })
    }
}

fn condition(text: &str) -> Option<Condition> {
    let kinds = [Kind::Parallel, Kind::Sequential, Kind::Limited, Kind::Refused, Kind::Inconclusive];
    if let Some(kind) = kinds.into_iter().find(|kind| kind.to_string() == text) {
        return Some(Condition::Kind(kind));
    }
    let at = text.find(['<', '>', '!', '='])?;
    let (name, rest) = (text[..at].trim(), &text[at..]);
    let (sign, comparison) = Comparison::ALL.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    let value = rest[sign.len()..].trim();
    if name == Kind::Limited.to_string() {
        return Some(Condition::Limited(comparison, Measure::named("at_a_time")?.value(value)?));
    }
    let measure = Measure::named(name)?;
    Some(Condition::Measure(measure, comparison, measure.value(value)?))
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::sample;

    fn is_met(text: &str) -> bool {
        // Ten requests, 4 at a time: 1 s, 2 s, 3 s; the last one failed.
        text.parse::<Threshold>().unwrap().check(&sample::waves()).met
    }

    #[test]
    fn verdicts_numbers_and_times_are_compared() {
        for met in [
            "limited",
            "limited>=4",
            "limited = 4",
            "at_a_time<16",
            "p50<=2s",
            "p50 > 1999ms",
            "max<3001ms",
            "failed=1",
            "failed!=0",
            "ok>=9",
            "makespan<3.1s",
            "waves: limited",
            "instances=0",
        ] {
            assert!(is_met(met), "{met}");
        }
        for broken in ["parallel", "limited>4", "p99<1200ms", "failed=0", "waves: sequential", "min<999990us"]
        {
            assert!(!is_met(broken), "{broken}");
        }
    }

    #[test]
    fn what_was_seen_is_said_with_its_unit() {
        let seen = |text: &str| text.parse::<Threshold>().unwrap().check(&sample::waves()).seen;
        assert_eq!(seen("p99<1200ms"), "p99 3.00 s");
        assert_eq!(seen("failed=0"), "failed 1");
        assert_eq!(seen("parallel"), "limited, 4 at a time");
    }

    #[test]
    fn what_is_no_demand_is_told_what_is() {
        for text in [
            "",
            "fast",
            "p99",
            "p99<",
            "p99<1200",
            "p99<fast",
            "failed<1ms",
            ":parallel",
            "p98<1s",
            "ok>=-1",
            "p50<1h",
        ] {
            let error = text.parse::<Threshold>().unwrap_err();
            assert!(error.contains("limited>=16"), "{text}: {error}");
        }
    }

    #[test]
    fn one_for_an_endpoint_that_is_not_there_is_found() {
        let thresholds = ["parallel", "e9-p9: parallel"].map(|text| text.parse().unwrap());
        let endpoints = ["e1-p1".to_owned(), "e2-p1".to_owned()];
        assert_eq!(without_endpoint(&thresholds[..1], &endpoints), None);
        let lost = without_endpoint(&thresholds, &endpoints).unwrap();
        assert!(lost.contains("e9-p9: parallel") && lost.contains("e1-p1, e2-p1"), "{lost}");
    }

    proptest! {
        #[test]
        fn any_text_is_a_demand_or_an_error(text in ".{0,40}") {
            let _ = text.parse::<Threshold>();
        }

        #[test]
        fn less_or_at_least_but_not_both(value in 0.0_f64..1e4) {
            prop_assert_ne!(is_met(&format!("p50<{value}ms")), is_met(&format!("p50>={value}ms")));
        }
    }
}
