//! Comparisons of two results, one file for each format.
//!
//! A format is one file with a [`Format`] in it, and one row in [`FORMATS`].

mod format;
mod html;
mod markdown;
mod terminal;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use judge::compare::Trend;
use judge::units;
use results::compare::{Change, Comparison, Pair, Time};
use results::summary::overview::Cell;

pub use format::Format;
use format::{COLUMNS, Content};

/// The formats of comparisons.
pub static FORMATS: [Format; 3] = [terminal::FORMAT, markdown::FORMAT, html::FORMAT];

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.help))
    }
}

/// Renders `comparison`. `names` are those of the two results, and `tolerance` is the largest difference that counts as
/// no change.
///
/// # Errors
///
/// If the template can't be rendered.
pub fn text(
    comparison: &Comparison,
    names: [&str; 2],
    tolerance: f64,
    format: Format,
    width: Option<u16>,
) -> anyhow::Result<String> {
    let is_told = has_few_rounds(comparison);
    let content = Content {
        title: format!("{} and {}", names[0], names[1]),
        above: is_told.then(|| FEW_ROUNDS.to_owned()),
        rows: comparison.pairs.iter().map(|pair| row(pair, is_told)).collect(),
        sentences: sentences(comparison, names, tolerance),
    };
    (format.render)(&content, width)
}

/// Whether no time has enough rounds, so that it is said once.
fn has_few_rounds(comparison: &Comparison) -> bool {
    let mut times = comparison.pairs.iter().flat_map(|pair| &pair.times).peekable();
    times.peek().is_some() && times.all(|time| time.change.trend == Trend::Unknown)
}

const FEW_ROUNDS: &str = "Too few rounds to tell changes of times from noise: each result needs at least four \
    (`loadtest run --repeat 5`).";

/// Returns the row of a burst. If `is_told`, nothing is said of too few rounds.
fn row(pair: &Pair, is_told: bool) -> [Vec<String>; COLUMNS.len()] {
    let [before, after] = &pair.sides;
    let burst = vec![format!("{} {}", pair.setup, pair.endpoint), pair.system.clone()];
    let change = match (&pair.incomparable, pair.verdict) {
        (Some(why), _) => Some(format!("not comparable: {why}")),
        (None, Change::Same) if pair.mechanism == Change::Same => Some("same".to_owned()),
        (None, Change::Same) => None,
        (None, Change::Changed) => Some("CHANGED".to_owned()),
        (None, Change::Uncertain) => Some("changed, may be noise".to_owned()),
    };
    let mechanism = match pair.mechanism {
        Change::Same => None,
        Change::Changed => Some("mechanism CHANGED".to_owned()),
        Change::Uncertain => Some("mechanism changed, may be noise".to_owned()),
    };
    let verdict = change.into_iter().chain(mechanism).collect();
    [burst, side(before), side(after), verdict, pair.times.iter().map(|one| time(one, is_told)).collect()]
}

fn side(cell: &Cell) -> Vec<String> {
    [cell.median.verdict.headline()].into_iter().chain(cell.mechanism()).chain(cell.agreement()).collect()
}

fn time(time: &Time, is_told: bool) -> String {
    // Without a change, the interval is of no interest.
    if time.change.trend == Trend::Within {
        let [before, after] = time.change.medians.map(units::time);
        return format!("{}: {before}, {after}: no change", time.name);
    }
    let median = |side: usize| {
        let deviation = match time.change.deviations[side] {
            0.0 => String::new(),
            deviation => format!(" ± {}", units::time(deviation)),
        };
        units::time(time.change.medians[side]) + &deviation
    };
    let interval = time.change.ratio.interval.map_or(String::new(), |(low, high)| {
        format!(" ({low:.2} to {high:.2} at {:.0} %)", time.change.ratio.confidence * 100.0)
    });
    let trend = match time.change.trend {
        Trend::Slower => ": SLOWER",
        Trend::Quicker => ": QUICKER",
        Trend::Within => ": no change",
        Trend::Noise => ": noise",
        Trend::Unknown if is_told => "",
        Trend::Unknown => ": too few rounds",
    };
    let outlier = if time.change.has_outlier { ", with an outlier" } else { "" };
    format!(
        "{}: {}, {}, x {:.2}{interval}{trend}{outlier}",
        time.name,
        median(0),
        median(1),
        time.change.ratio.estimate
    )
}

fn sentences(comparison: &Comparison, names: [&str; 2], tolerance: f64) -> Vec<String> {
    let pairs = &comparison.pairs;
    let mut sentences = comparison.warnings.clone();
    for (name, only) in names.iter().zip(&comparison.only) {
        sentences.extend((!only.is_empty()).then(|| format!("Only in {name}: {}.", only.join("; "))));
    }
    let changed = pairs.iter().filter(|pair| pair.verdict == Change::Changed).count();
    let mechanisms = match pairs.iter().filter(|pair| pair.mechanism == Change::Changed).count() {
        0 => String::new(),
        1 => " 1 mechanism changed.".to_owned(),
        changed => format!(" {changed} mechanisms changed."),
    };
    let trends = |trend: Trend| {
        pairs.iter().flat_map(|pair| &pair.times).filter(|time| time.change.trend == trend).count()
    };
    let verdicts = format!("{changed} of {} verdicts changed.{mechanisms}", pairs.len());
    if has_few_rounds(comparison) {
        sentences.push(verdicts);
    } else {
        sentences.push(format!(
            "{verdicts} Times: {} slower, {} quicker, {} equal within {:.0} %, {} differ by noise only, {} have too few rounds.",
            trends(Trend::Slower),
            trends(Trend::Quicker),
            trends(Trend::Within),
            tolerance * 100.0,
            trends(Trend::Noise),
            trends(Trend::Unknown),
        ));
        sentences.extend((trends(Trend::Unknown) > 0).then(|| FEW_ROUNDS.to_owned()));
    }
    if pairs.iter().flat_map(|pair| &pair.times).any(|time| time.change.has_outlier) {
        sentences.push(
            "Outliers: another process may have used the machine. Measure again on an idle machine."
                .to_owned(),
        );
    }
    sentences
}

#[cfg(test)]
mod tests;
