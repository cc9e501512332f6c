//! Expectations of `--expect`, such as `parallel`, `limited>=16`, `p99<1200ms` or `e1-p1: failed=0`.

use std::fmt;
use std::str::FromStr;

use judge::experiment::Diagnosis;
use judge::mechanism::{Mechanism, Name};
use judge::verdict::Kind;
use serde::Deserialize;
use serde::de::{IntoDeserializer, value};

use crate::document::{Burst, Checked, Diagnosed, Measure};

/// The syntax, for error messages.
const SYNTAX: &str = "[ENDPOINT:]CONDITION is expected. A CONDITION is a verdict (parallel, sequential, limited, \
    refused, inconclusive), limited with a number (limited>=16), a mechanism (mechanism=worker_pool, mechanism!=lock), or a measure with <, <=, >, >=, = or != and a value: \
    min, mean, p10, p25, p50, p75, p90, p95, p99, max, makespan, total, service, start_skew with us, ms or s; \
    at_a_time, ok, failed, refused, unsent, instances, per_second";

/// The verdicts that can be expected.
const KINDS: [Kind; 5] = [Kind::Parallel, Kind::Sequential, Kind::Limited, Kind::Refused, Kind::Inconclusive];
/// The characters of comparisons.
const SIGNS: [char; 4] = ['<', '>', '!', '='];
/// The measure that the verdict has.
const AT_A_TIME: &str = "at_a_time";
/// The word before the name of a mechanism.
const MECHANISM: &str = "mechanism";

/// An expectation of a burst.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The expectation as written.
    text: String,
    /// The endpoint that it applies to; `None` for all.
    endpoint: Option<String>,
    condition: Condition,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Kind(Kind),
    /// The verdict limited, with a condition on the number of requests at a time; or parallel, if the condition is a least number.
    Limited(Comparison, f64),
    Measure(Measure, Comparison, f64),
    /// The mechanism is this one, or one of a class with it; or it is named, and isn't.
    Mechanism(bool, Name),
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
    /// Whether it applies to the endpoint of this name.
    pub fn applies_to(&self, endpoint: &str) -> bool {
        self.endpoint.as_deref().is_none_or(|only| only == endpoint || endpoint::name_of(only) == endpoint)
    }

    /// Returns the name of the compared measure, the sign of the comparison, and the value; times are in milliseconds.
    /// `None` if the expectation is a verdict.
    pub fn measure(&self) -> Option<(&'static str, &'static str, f64)> {
        match &self.condition {
            Condition::Measure(measure, comparison, value) => Some((measure.name, comparison.sign(), *value)),
            Condition::Kind(_) | Condition::Limited(..) | Condition::Mechanism(..) => None,
        }
    }

    /// Checks whether a diagnosis meets the expectation. Returns `None` for a measure, or a number at a time: those are of
    /// single bursts.
    fn check_diagnosis(&self, diagnosis: &Diagnosis) -> Option<Checked> {
        let (met, seen) = match &self.condition {
            Condition::Kind(wanted) => (diagnosis.kind == *wanted, diagnosis.kind.to_string()),
            Condition::Mechanism(is, name) => mechanism(*is, *name, diagnosis.mechanism.as_ref()),
            Condition::Limited(..) | Condition::Measure(..) => return None,
        };
        let open = !met && self.condition.is_open(diagnosis.kind, diagnosis.mechanism.as_ref());
        Some(Checked { expect: self.text.clone(), met, open, seen })
    }

    /// Whether it is a condition on a diagnosis.
    pub fn is_of_diagnosis(&self) -> bool {
        self.endpoint.is_none() && matches!(self.condition, Condition::Kind(_) | Condition::Mechanism(..))
    }

    /// Checks whether `burst` meets the expectation.
    pub fn check(&self, burst: &Burst) -> Checked {
        let kind = burst.verdict.kind;
        let (met, observed) = match &self.condition {
            Condition::Kind(wanted) => (kind == *wanted, burst.verdict.headline()),
            Condition::Limited(comparison, value) => {
                // A server without limit serves at least as many.
                let counts = match comparison {
                    Comparison::AtLeast | Comparison::More => matches!(kind, Kind::Limited | Kind::Parallel),
                    _ => kind == Kind::Limited,
                };
                let at_a_time = burst.verdict.at_a_time.filter(|_| counts);
                (at_a_time.is_some_and(|k| comparison.holds(k, *value)), burst.verdict.headline())
            }
            Condition::Measure(measure, comparison, value) => match (measure.read)(burst) {
                Some(observed) => (
                    comparison.holds(observed, *value),
                    format!("{} {}", measure.name, measure.format(observed)),
                ),
                None => (false, format!("no {}", measure.name)),
            },
            Condition::Mechanism(is, name) => mechanism(*is, *name, burst.verdict.mechanism.as_ref()),
        };
        let is_open = self.condition.is_open(kind, burst.verdict.mechanism.as_ref());
        // Without a good answer, the server failed, whatever the measurement is worth.
        let open = !met && is_open && burst.no_answer().is_none();
        Checked { expect: self.text.clone(), met, open, seen: observed }
    }
}

impl Condition {
    /// Whether a verdict of this kind and mechanism leaves the answer open. A measure is known in any case, except the number at a
    /// time.
    fn is_open(&self, kind: Kind, mechanism: Option<&Mechanism>) -> bool {
        match self {
            Self::Measure(measure, ..) if measure.name != AT_A_TIME => false,
            Self::Measure(..) | Self::Kind(_) | Self::Limited(..) => kind == Kind::Inconclusive,
            Self::Mechanism(..) => mechanism.is_none(),
        }
    }
}

/// Returns whether the mechanism is, or is not, this one, and what was seen.
fn mechanism(is: bool, name: Name, seen: Option<&Mechanism>) -> (bool, String) {
    match seen {
        Some(seen) => {
            ((seen.class().any(|one| one == name) || is_whole_lock(name, seen)) == is, seen.class_in_words())
        }
        None => (false, "no mechanism is named".to_owned()),
    }
}

/// Whether a lock around the whole handler is meant: a pool of one worker is the same.
fn is_whole_lock(name: Name, seen: &Mechanism) -> bool {
    name == Name::Lock && seen.name == Name::WorkerPool && seen.parameters.workers == Some(1.0)
}

/// Checks the thresholds that apply to `burst`, and records the results in it.
pub fn check(thresholds: &[Threshold], burst: &mut Burst) {
    burst.thresholds = thresholds
        .iter()
        .filter(|threshold| threshold.applies_to(&burst.endpoint))
        .map(|threshold| threshold.check(burst))
        .collect();
}

/// Checks the thresholds that apply to a diagnosis, and records the results in it.
pub fn check_diagnosis(thresholds: &[Threshold], diagnosed: &mut Diagnosed) {
    let checked = thresholds.iter().filter_map(|threshold| threshold.check_diagnosis(&diagnosed.diagnosis));
    diagnosed.thresholds = checked.collect();
}

/// Returns an error message if a threshold applies to none of `endpoints`.
pub fn without_endpoint(thresholds: &[Threshold], endpoints: &[String]) -> Option<String> {
    let unmatched =
        thresholds.iter().find(|one| !endpoints.iter().any(|endpoint| one.applies_to(endpoint)))?;
    let named: Vec<&str> = endpoints.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    Some(match named.as_slice() {
        [] => format!(
            "--expect '{unmatched}': the endpoint has no name; leave out what stands before the colon"
        ),
        names => format!("--expect '{unmatched}' applies to none of the endpoints: {}", names.join(", ")),
    })
}

impl Comparison {
    /// The comparisons, with longer signs before their prefixes.
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
        Self::ALL.into_iter().find(|(_, comparison)| *comparison == self).map_or("", |(sign, _)| sign)
    }

    fn holds(self, observed: f64, value: f64) -> bool {
        match self {
            Self::Less => observed < value,
            Self::AtMost => observed <= value,
            Self::More => observed > value,
            Self::AtLeast => observed >= value,
            Self::Equal => observed == value,
            Self::Unequal => observed != value,
        }
    }
}

/// The least similarity of a word with the one that was meant: that of clap.
const LEAST_SIMILARITY: f64 = 0.7;

/// Returns the condition that was probably meant, where one word or the name of a mechanism is misspelt.
fn suggestion(text: &str) -> Option<String> {
    let (word, rest) = text.split_at(text.find(SIGNS).unwrap_or(text.len()));
    let value = rest.trim_start_matches(SIGNS);
    let sign = &rest[..rest.len() - value.len()];
    let similarity = |word: &str, known: &str| strsim::jaro(word.trim(), known);
    let kinds = KINDS.map(|kind| kind.to_string());
    let words = kinds.into_iter().chain(Measure::names().map(str::to_owned));
    let with_word = words.map(|known| (similarity(word, &known), known + rest));
    let with_mechanism = Name::ALL.into_iter().map(|name| {
        let likeness = similarity(word, MECHANISM).min(similarity(value, name.as_str()));
        (likeness, format!("{MECHANISM}{sign}{name}"))
    });
    let with_unit = (1.0, format!("{text}ms"));
    let known =
        with_word.chain(with_mechanism).chain([with_unit]).filter(|(_, meant)| condition(meant).is_some());
    let (likeness, meant) = known.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (likeness > LEAST_SIMILARITY).then_some(meant)
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (endpoint, rest) = match text.rsplit_once(':') {
            Some((endpoint, rest)) => (Some(endpoint.trim().to_owned()), rest.trim()),
            None => (None, text),
        };
        let condition = condition(rest).ok_or_else(|| match suggestion(rest) {
            Some(meant) => format!("did you mean '{}{meant}'? {SYNTAX}", &text[..text.len() - rest.len()]),
            None => SYNTAX.to_owned(),
        })?;
        if endpoint.as_deref() == Some("") {
            return Err(SYNTAX.to_owned());
        }
        Ok(Self { text: text.to_owned(), endpoint, condition })
    }
}

fn condition(text: &str) -> Option<Condition> {
    if let Some(kind) = KINDS.into_iter().find(|kind| kind.to_string() == text) {
        return Some(Condition::Kind(kind));
    }
    let at = text.find(SIGNS)?;
    let (name, rest) = (text[..at].trim(), &text[at..]);
    let (sign, comparison) = Comparison::ALL.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    let value = rest[sign.len()..].trim();
    if name == MECHANISM {
        let is = match comparison {
            Comparison::Equal => true,
            Comparison::Unequal => false,
            _ => return None,
        };
        let name = Name::deserialize(IntoDeserializer::<value::Error>::into_deserializer(value));
        return name.ok().map(|name| Condition::Mechanism(is, name));
    }
    if name == Kind::Limited.to_string() {
        return Some(Condition::Limited(comparison, Measure::by_name(AT_A_TIME)?.parse(value)?));
    }
    let measure = Measure::by_name(name)?;
    Some(Condition::Measure(measure, comparison, measure.parse(value)?))
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use judge::verdict::Verdict;

    use super::*;
    use crate::document::sample;

    fn is_met(text: &str) -> bool {
        // Ten requests, 4 at a time: 1 s, 2 s, 3 s. The last request failed.
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
            "refused=0",
            "ok>=9",
            "makespan<3.1s",
            "waves: limited",
            "instances=0",
        ] {
            assert!(is_met(met), "{met}");
        }
        for unmet in ["parallel", "limited>4", "p99<1200ms", "failed=0", "waves: sequential", "min<999990us"]
        {
            assert!(!is_met(unmet), "{unmet}");
        }
    }

    #[test]
    fn a_parallel_burst_is_served_at_least_so_many_at_a_time() {
        let mut burst = sample::waves();
        burst.verdict = Verdict { at_a_time: Some(10.0), ..Verdict::of(Kind::Parallel) };
        let met = ["limited>=10", "limited>9", "limited>10", "limited<16", "limited", "limited=10"]
            .map(|text| text.parse::<Threshold>().unwrap().check(&burst).met);
        assert_eq!(met, [true, true, false, false, false, false]);
    }

    #[test]
    fn the_observed_value_has_its_unit() {
        let seen = |text: &str| text.parse::<Threshold>().unwrap().check(&sample::waves()).seen;
        assert_eq!(seen("p99<1200ms"), "p99 3.00 s");
        assert_eq!(seen("failed=0"), "failed 1");
        assert_eq!(seen("parallel"), "limited, 4 at a time");
    }

    #[test]
    fn a_syntax_error_shows_the_syntax() {
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
    fn a_pool_of_one_worker_is_a_lock_around_the_whole_handler() {
        let of = |workers| {
            let mut burst = sample::pool();
            burst.verdict.mechanism.as_mut().unwrap().parameters.workers = Some(workers);
            ["mechanism=lock", "mechanism!=lock"]
                .map(|text| text.parse::<Threshold>().unwrap().check(&burst).met)
        };
        assert_eq!([of(1.0), of(4.0)], [[true, false], [false, true]]);
    }

    #[test]
    fn a_word_that_is_misspelt_has_a_suggestion() {
        for (text, meant) in [
            ("parallel_", Some("parallel")),
            ("e1-p1: sequential_", Some("e1-p1: sequential")),
            ("limited_>=4", Some("limited>=4")),
            ("makspan<2s", Some("makespan<2s")),
            ("mechanism=worker-pool", Some("mechanism=worker_pool")),
            ("mechanism_!=look", Some("mechanism!=lock")),
            ("fast", None),
            ("p99<1200", Some("p99<1200ms")),
            // The word is right or nearly right, and the rest is not.
            ("p99<parallel", None),
            ("makspan", None),
            ("parallel_>=4", None),
        ] {
            let error = text.parse::<Threshold>().unwrap_err();
            let suggested = error.strip_prefix("did you mean '").and_then(|rest| rest.split('\'').next());
            assert_eq!(suggested, meant, "{error}");
            assert!(suggested.is_none_or(|meant| meant.parse::<Threshold>().is_ok()), "{error}");
        }
    }

    #[test]
    fn an_inconclusive_burst_leaves_open_what_depends_on_its_verdict() {
        let of = |kind| Burst { verdict: Verdict::of(kind), ..sample::waves() };
        let is_open = |text: &str, burst: &Burst| text.parse::<Threshold>().unwrap().check(burst).open;
        let inconclusive = of(Kind::Inconclusive);
        for text in ["parallel", "limited>=4", "at_a_time>=4", "mechanism=lock", "mechanism!=lock"] {
            assert!(is_open(text, &inconclusive), "{text}");
        }
        for text in ["failed=0", "p99<1s", "inconclusive", "ok=9"] {
            assert!(!is_open(text, &inconclusive), "{text}");
        }
        let limited = of(Kind::Limited);
        assert!(!is_open("parallel", &limited) && is_open("mechanism=lock", &limited));
        assert!(
            !is_open("mechanism=worker_pool", &sample::pool()) && !is_open("mechanism=lock", &sample::pool())
        );
        // All answers were bad.
        let statuses = [("404".to_owned(), 10)].into();
        let bad = Burst { ok: 0, failed: 10, statuses, ..inconclusive };
        assert!(!is_open("parallel", &bad));
    }

    #[test]
    fn a_threshold_of_an_unknown_endpoint_is_reported() {
        let thresholds = ["parallel", "e9-p9: parallel"].map(|text| text.parse().unwrap());
        let endpoints = ["e1-p1".to_owned(), "e2-p1".to_owned()];
        assert_eq!(without_endpoint(&thresholds[..1], &endpoints), None);
        let error = without_endpoint(&thresholds, &endpoints).unwrap();
        assert!(error.contains("e9-p9: parallel") && error.contains("e1-p1, e2-p1"), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in ".{0,40}") {
            let _ = text.parse::<Threshold>();
        }

        #[test]
        fn less_and_at_least_are_opposites(value in 0.0_f64..1e4) {
            prop_assert_ne!(is_met(&format!("p50<{value}ms")), is_met(&format!("p50>={value}ms")));
        }
    }
}
