//! Two results side by side: what changed, and what is only noise. No I/O.

use std::fmt;

use judge::compare::{TimeChange, Trend};
use judge::verdict::{Confidence, Kind};

use crate::document::{Burst, Document, Measure, Run, Sending};
use crate::summary::overview::Cell;

/// What two results have in common, and what not.
pub struct Comparison<'a> {
    /// What speaks against comparing them at all.
    pub warnings: Vec<String>,
    /// The bursts that both have.
    pub pairs: Vec<Pair<'a>>,
    /// The bursts that only one has, in words: the first, then the second.
    pub only: [Vec<String>; 2],
}

/// A burst, and how it fared in both.
pub struct Pair<'a> {
    /// The system, and its application's manifest.
    pub system: String,
    /// The setup.
    pub setup: &'a str,
    /// The endpoint.
    pub endpoint: &'a str,
    /// Its verdicts.
    pub sides: [Cell<'a>; 2],
    /// Why the two can't be compared.
    pub incomparable: Option<String>,
    /// What became of the verdict.
    pub verdict: Change,
    /// What became of its times.
    pub times: Vec<Time>,
}

/// What became of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Same,
    /// It is another.
    Changed,
    /// It is another, but one of the two isn't sure.
    Unsure,
}

/// A time in both results, in milliseconds.
pub struct Time {
    /// Its name.
    pub name: &'static str,
    /// How it changed.
    pub change: TimeChange,
}

impl<'a> Comparison<'a> {
    /// Of `before` and `after`; a ratio no further than `tolerance` from 1 doesn't matter.
    pub fn of(before: &'a Document, after: &'a Document, tolerance: f64) -> Self {
        let (mut pairs, mut only) = (Vec::new(), [Vec::new(), Vec::new()]);
        let (first, second) = (keyed(before), keyed(after));
        for (key, rounds) in &first {
            match find(&second, key) {
                Some(others) => pairs.extend(Pair::of(key, rounds, others, tolerance)),
                None => only[0].push(key.to_string()),
            }
        }
        only[1].extend(
            second.iter().filter(|(key, _)| find(&first, key).is_none()).map(|(key, _)| key.to_string()),
        );
        Self { warnings: warnings(before, after), pairs, only }
    }

    /// Whether anything surely changed: a verdict, a time, or what was measured.
    pub fn is_changed(&self) -> bool {
        let is_changed = |pair: &Pair| {
            pair.incomparable.is_some()
                || pair.verdict == Change::Changed
                || pair.times.iter().any(|time| matches!(time.change.trend, Trend::Slower | Trend::Quicker))
        };
        self.only.iter().any(|only| !only.is_empty()) || self.pairs.iter().any(is_changed)
    }
}

/// What tells bursts apart: the same in both results.
#[derive(PartialEq)]
struct Key<'a> {
    run: (&'a str, Option<&'a str>, &'a str),
    /// Which burst of the setup.
    at: usize,
    endpoint: &'a str,
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (system, manifest, setup) = self.run;
        let manifest = manifest.map_or(String::new(), |manifest| format!(", {manifest}"));
        write!(f, "{} of setup {setup} on {system}{manifest}", self.endpoint)
    }
}

/// All bursts, each with its rounds.
fn keyed(document: &Document) -> Vec<(Key<'_>, Vec<&Burst>)> {
    let mut keyed: Vec<(Key, Vec<&Burst>)> = Vec::new();
    for (run, at, burst) in document.runs.iter().flat_map(of_run) {
        let key =
            Key { run: (&run.system, run.manifest.as_deref(), &run.setup), at, endpoint: &burst.endpoint };
        match keyed.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rounds)) => rounds.push(burst),
            None => keyed.push((key, vec![burst])),
        }
    }
    keyed
}

fn of_run(run: &Run) -> impl Iterator<Item = (&Run, usize, &Burst)> {
    run.bursts.iter().enumerate().map(move |(at, burst)| (run, at, burst))
}

fn find<'b, 'a>(keyed: &'b [(Key<'a>, Vec<&'a Burst>)], key: &Key) -> Option<&'b [&'a Burst]> {
    keyed.iter().find(|(other, _)| other == key).map(|(_, rounds)| &rounds[..])
}

fn warnings(before: &Document, after: &Document) -> Vec<String> {
    let mut warnings = Vec::new();
    if before.machine != after.machine {
        warnings.push("The two were measured on different machines.".to_owned());
    }
    if before.tool != after.tool {
        warnings.push(format!("They were measured by {} and by {}.", before.tool, after.tool));
    }
    if before.generator.saturated || after.generator.saturated {
        warnings.push("The load generator was the bottleneck of one of them.".to_owned());
    }
    warnings
}

impl<'a> Pair<'a> {
    fn of(key: &Key<'a>, before: &[&'a Burst], after: &[&'a Burst], tolerance: f64) -> Option<Self> {
        let (system, manifest, setup) = key.run;
        let sides = [Cell::of(before.to_vec())?, Cell::of(after.to_vec())?];
        let incomparable = incomparable(sides[0].middle, sides[1].middle);
        let times = match incomparable {
            Some(_) => Vec::new(),
            None => TIMES.into_iter().filter_map(|time| Time::of(time, before, after, tolerance)).collect(),
        };
        Some(Self {
            system: manifest.map_or(system.to_owned(), |manifest| format!("{system}, {manifest}")),
            setup,
            endpoint: key.endpoint,
            verdict: if incomparable.is_some() { Change::Unsure } else { change(&sides) },
            sides,
            incomparable,
            times,
        })
    }
}

/// Whether all rounds agree, each surely.
fn is_sure(cell: &Cell) -> bool {
    let verdict = &cell.middle.verdict;
    cell.agreement().is_none() && verdict.confidence == Confidence::High && verdict.kind != Kind::Inconclusive
}

fn change([before, after]: &[Cell; 2]) -> Change {
    let (first, second) = (&before.middle.verdict, &after.middle.verdict);
    let ranges = |low: Option<f64>, high: Option<f64>| low.zip(high).is_some_and(|(low, high)| low > high);
    let is_apart = ranges(first.at_a_time_low, second.at_a_time_high)
        || ranges(second.at_a_time_low, first.at_a_time_high);
    match first.kind != second.kind || is_apart {
        false => Change::Same,
        true if is_sure(before) && is_sure(after) => Change::Changed,
        true => Change::Unsure,
    }
}

/// Another load can't be compared.
fn incomparable(before: &Burst, after: &Burst) -> Option<String> {
    let differs =
        |what: &str, a: &dyn fmt::Display, b: &dyn fmt::Display| Some(format!("{what}: {a}, then {b}"));
    // What was drawn at random may differ.
    let sending = |burst: &Burst| Sending { seed: None, ..burst.sending };
    match () {
        () if before.n != after.n && before.sending.duration_ms.is_none() => {
            differs("requests", &before.n, &after.n)
        }
        () if before.c != after.c => differs("connections", &before.c, &after.c),
        () if sending(before) != sending(after) => Some("they were sent by other schedules".to_owned()),
        () => None,
    }
}

/// What is compared: a measure, and what it is called here.
const TIMES: [(&str, &str); 4] =
    [("makespan", "makespan"), ("p50", "p50"), ("p99", "p99"), ("service", "one alone")];

impl Time {
    fn of(
        (measure, name): (&str, &'static str),
        before: &[&Burst],
        after: &[&Burst],
        tolerance: f64,
    ) -> Option<Self> {
        let measure = Measure::named(measure)?;
        let read = |rounds: &[&Burst]| {
            let values = rounds.iter().filter_map(|burst| (measure.of)(burst));
            values.filter(|ms| ms.is_finite() && *ms > 0.0).collect::<Vec<f64>>()
        };
        Some(Self { name, change: TimeChange::of(&read(before), &read(after), tolerance)? })
    }
}

#[cfg(test)]
mod tests;
