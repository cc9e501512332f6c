//! Compares two results: which verdicts and times changed, and which differences are noise.

use std::fmt;

use judge::compare::{TimeChange, Trend};
use judge::mechanism::Mechanism;
use judge::verdict::{Confidence, Kind};

use crate::document::{Burst, Document, Measure, Run, Sending};
use crate::summary::overview::Cell;

/// The comparison of two results.
pub struct Comparison<'a> {
    /// Reasons to distrust the comparison, one sentence each.
    pub warnings: Vec<String>,
    /// The bursts in both results.
    pub pairs: Vec<Pair<'a>>,
    /// The bursts in only one result, in words: those of the first, then those of the second.
    pub only: [Vec<String>; 2],
}

/// A burst in both results.
pub struct Pair<'a> {
    /// The system, and the application's manifest.
    pub system: String,
    /// The setup.
    pub setup: &'a str,
    /// The endpoint, or its URL before if it has no name.
    pub endpoint: &'a str,
    /// The rounds before and after.
    pub sides: [Cell<'a>; 2],
    /// The reason why the two can't be compared; `None` if they can.
    pub incomparable: Option<String>,
    /// How the verdict changed.
    pub verdict: Change,
    /// How the mechanism changed. It is the same if one of the results names none.
    pub mechanism: Change,
    /// How the times changed.
    pub times: Vec<Time>,
}

/// How a verdict or its mechanism changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is the same.
    Same,
    /// It is a different one.
    Changed,
    /// It is a different one, but at least one of the two is uncertain.
    Uncertain,
}

/// A time in both results, in milliseconds.
pub struct Time {
    /// The name, for readers.
    pub name: &'static str,
    /// The change.
    pub change: TimeChange,
}

impl<'a> Comparison<'a> {
    /// Compares `before` with `after`. A ratio of times that differs from 1 by at most `tolerance` is no change.
    pub fn new(before: &'a Document, after: &'a Document, tolerance: f64) -> Self {
        let (mut pairs, mut only) = (Vec::new(), [Vec::new(), Vec::new()]);
        let (first, second) = (by_key(before), by_key(after));
        for (key, rounds) in &first {
            match find(&second, key) {
                Some(others) => pairs.extend(Pair::new(key, rounds, others, tolerance)),
                None => only[0].push(key.to_string()),
            }
        }
        only[1].extend(
            second.iter().filter(|(key, _)| find(&first, key).is_none()).map(|(key, _)| key.to_string()),
        );
        Self { warnings: warnings(before, after), pairs, only }
    }

    /// Whether anything changed with certainty: a verdict, a time, or the set of bursts.
    pub fn is_changed(&self) -> bool {
        let is_changed = |pair: &Pair| {
            pair.incomparable.is_some()
                || [pair.verdict, pair.mechanism].contains(&Change::Changed)
                || pair.times.iter().any(|time| matches!(time.change.trend, Trend::Slower | Trend::Quicker))
        };
        self.only.iter().any(|only| !only.is_empty()) || self.pairs.iter().any(is_changed)
    }
}

/// The identity of a burst, which is the same in both results.
#[derive(PartialEq)]
struct Key<'a> {
    /// The system, the manifest and the setup.
    run: (&'a str, Option<&'a str>, &'a str),
    /// The index of the burst in its setup.
    index: usize,
    endpoint: &'a str,
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (system, manifest, setup) = self.run;
        let manifest = manifest.map_or(String::new(), |manifest| format!(", {manifest}"));
        write!(f, "{} of setup {setup} on {system}{manifest}", self.endpoint)
    }
}

/// Returns all bursts with their rounds.
fn by_key(document: &Document) -> Vec<(Key<'_>, Vec<&Burst>)> {
    let mut bursts: Vec<(Key, Vec<&Burst>)> = Vec::new();
    for (run, index, burst) in document.runs.iter().flat_map(indexed) {
        let key =
            Key { run: (&run.system, run.manifest.as_deref(), &run.setup), index, endpoint: &burst.endpoint };
        match bursts.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rounds)) => rounds.push(burst),
            None => bursts.push((key, vec![burst])),
        }
    }
    bursts
}

fn indexed(run: &Run) -> impl Iterator<Item = (&Run, usize, &Burst)> {
    run.bursts.iter().enumerate().map(move |(index, burst)| (run, index, burst))
}

fn find<'b, 'a>(bursts: &'b [(Key<'a>, Vec<&'a Burst>)], key: &Key) -> Option<&'b [&'a Burst]> {
    bursts.iter().find(|(other, _)| other == key).map(|(_, rounds)| &rounds[..])
}

fn warnings(before: &Document, after: &Document) -> Vec<String> {
    let mut warnings = Vec::new();
    if before.machine != after.machine {
        warnings.push("The two results were measured on different machines.".to_owned());
    }
    if before.tool != after.tool {
        warnings.push(format!(
            "The two results were measured by different tools: {} and {}.",
            before.tool, after.tool
        ));
    }
    if before.generator.saturated || after.generator.saturated {
        warnings.push("The load generator was the bottleneck in at least one of the results.".to_owned());
    }
    warnings
}

impl<'a> Pair<'a> {
    fn new(key: &Key<'a>, before: &[&'a Burst], after: &[&'a Burst], tolerance: f64) -> Option<Self> {
        let (system, manifest, setup) = key.run;
        let sides = [Cell::new(before.to_vec())?, Cell::new(after.to_vec())?];
        let incomparable = incomparable(sides[0].median, sides[1].median);
        let times = match incomparable {
            Some(_) => Vec::new(),
            None => TIMES.into_iter().filter_map(|time| Time::new(time, before, after, tolerance)).collect(),
        };
        let (verdict, mechanism) = match incomparable {
            Some(_) => (Change::Uncertain, Change::Same),
            None => (change(&sides), mechanism_change(&sides, [before, after], tolerance)),
        };
        Some(Self {
            system: manifest.map_or(system.to_owned(), |manifest| format!("{system}, {manifest}")),
            setup,
            endpoint: sides[0].median.name(),
            verdict,
            mechanism,
            sides,
            incomparable,
            times,
        })
    }
}

/// Whether all rounds agree, with high confidence.
fn is_certain(cell: &Cell) -> bool {
    let verdict = &cell.median.verdict;
    cell.agreement().is_none() && verdict.confidence == Confidence::High && verdict.kind != Kind::Inconclusive
}

fn change([before, after]: &[Cell; 2]) -> Change {
    let (first, second) = (&before.median.verdict, &after.median.verdict);
    let is_above = |low: Option<f64>, high: Option<f64>| low.zip(high).is_some_and(|(low, high)| low > high);
    let is_disjoint = is_above(first.at_a_time_low, second.at_a_time_high)
        || is_above(second.at_a_time_low, first.at_a_time_high);
    match first.kind != second.kind || is_disjoint {
        false => Change::Same,
        true if is_certain(before) && is_certain(after) => Change::Changed,
        true => Change::Uncertain,
    }
}

/// Returns how the mechanism changed: to one of another class, or to another rate of the same class.
fn mechanism_change(sides: &[Cell; 2], rounds: [&[&Burst]; 2], tolerance: f64) -> Change {
    let [before, after] = sides.each_ref().map(|cell| cell.median.verdict.mechanism.as_ref());
    let Some((before, after)) = before.zip(after) else { return Change::Same };
    if is_same_class(before, after) {
        // A rate has no interval, so that its change may be noise. The times tell.
        let per_second =
            |mechanism: &Mechanism| mechanism.parameters.per_second.filter(|_| mechanism.is_rate());
        let ratio = per_second(before).zip(per_second(after)).map(|(before, after)| after / before);
        let differs = ratio.is_some_and(|ratio| (ratio - 1.0).abs() > tolerance);
        return if differs { Change::Uncertain } else { Change::Same };
    }
    let agree = |mechanism: &Mechanism, rounds: &[&Burst]| {
        let mut named = rounds.iter().map(|burst| burst.verdict.mechanism.as_ref());
        named.all(|named| named.is_some_and(|named| is_same_class(named, mechanism)))
    };
    let is_certain = sides.iter().all(is_certain) && agree(before, rounds[0]) && agree(after, rounds[1]);
    if is_certain { Change::Changed } else { Change::Uncertain }
}

/// Whether one mechanism can be both.
fn is_same_class(a: &Mechanism, b: &Mechanism) -> bool {
    a.class().any(|name| b.class().any(|other| other == name))
}

/// Returns the reason why two bursts can't be compared: a different load.
fn incomparable(before: &Burst, after: &Burst) -> Option<String> {
    let differs =
        |name: &str, a: &dyn fmt::Display, b: &dyn fmt::Display| Some(format!("{name}: {a}, then {b}"));
    // Random arrivals may differ.
    let sending = |burst: &Burst| Sending { seed: None, ..burst.sending };
    match () {
        () if before.n != after.n && before.sending.duration_ms.is_none() => {
            differs("requests", &before.n, &after.n)
        }
        () if before.c != after.c => differs("connections", &before.c, &after.c),
        () if sending(before) != sending(after) => Some("their schedules differ".to_owned()),
        () => None,
    }
}

/// The compared measures, and their names for readers.
const TIMES: [(&str, &str); 4] =
    [("makespan", "makespan"), ("p50", "p50"), ("p99", "p99"), ("service", "one alone")];

impl Time {
    fn new(
        (measure, name): (&str, &'static str),
        before: &[&Burst],
        after: &[&Burst],
        tolerance: f64,
    ) -> Option<Self> {
        let measure = Measure::by_name(measure)?;
        let values_of = |rounds: &[&Burst]| {
            let values = rounds.iter().filter_map(|burst| (measure.read)(burst));
            values.filter(|ms| ms.is_finite() && *ms > 0.0).collect::<Vec<f64>>()
        };
        Some(Self { name, change: TimeChange::of(&values_of(before), &values_of(after), tolerance)? })
    }
}

#[cfg(test)]
mod tests;
