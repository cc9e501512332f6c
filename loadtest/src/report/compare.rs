//! Two results side by side, in every format.

use askama::Template;
use clap::ValueEnum;
use comfy_table::presets::UTF8_FULL;
use comfy_table::{ContentArrangement, Table};
use judge::compare::Trend;
use judge::units;
use results::compare::{Change, Comparison, Pair, Time};
use results::summary::overview::Cell;

use super::markdown::escaped;
use super::terminal::{WIDTH, wrapped};

const COLUMNS: [&str; 5] = ["Burst", "Before", "After", "Verdict", "Times: before, after, ratio"];
const STYLE: &str = include_str!("../../templates/report.css");

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    Terminal,
    /// For an issue or a README
    Markdown,
    /// A page that needs nothing else
    Html,
}

/// The comparison; `names` are those of the two results, and `tolerance` is what was given.
pub fn text(
    comparison: &Comparison,
    names: [&str; 2],
    tolerance: f64,
    format: Format,
    width: Option<u16>,
) -> anyhow::Result<String> {
    let told = Told {
        title: format!("{} and {}", names[0], names[1]),
        rows: comparison.pairs.iter().map(row).collect(),
        sentences: sentences(comparison, names, tolerance),
    };
    Ok(match format {
        Format::Terminal => told.terminal(width),
        Format::Markdown => told.markdown(),
        Format::Html => told.render()?,
    })
}

/// What is told, in whatever format.
#[derive(Template)]
#[template(path = "compare.html")]
struct Told {
    title: String,
    rows: Vec<[Vec<String>; COLUMNS.len()]>,
    sentences: Vec<String>,
}

impl Told {
    fn terminal(&self, width: Option<u16>) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width.unwrap_or(WIDTH)).force_no_tty();
        table.set_header(COLUMNS);
        for row in &self.rows {
            table.add_row(row.iter().map(|lines| lines.join("\n")));
        }
        let sentences = self.sentences.iter().map(|sentence| wrapped(sentence, "", width) + "\n");
        format!("{table}\n\n{}", sentences.collect::<String>())
    }

    fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text =
            line(COLUMNS.map(str::to_owned).to_vec()) + &line(vec!["---".to_owned(); COLUMNS.len()]);
        for row in &self.rows {
            let cell =
                |lines: &Vec<String>| lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>");
            text += &line(row.iter().map(cell).collect());
        }
        let sentences = self.sentences.iter().map(|sentence| format!("\n{}\n", escaped(sentence)));
        text + &sentences.collect::<String>()
    }
}

fn row(pair: &Pair) -> [Vec<String>; COLUMNS.len()] {
    let [before, after] = &pair.sides;
    let burst = vec![format!("{} {}", pair.setup, pair.endpoint), pair.system.clone()];
    let change = match (&pair.incomparable, pair.verdict) {
        (Some(why), _) => format!("not comparable: {why}"),
        (None, Change::Same) => "same".to_owned(),
        (None, Change::Changed) => "CHANGED".to_owned(),
        (None, Change::Unsure) => "changed, may be noise".to_owned(),
    };
    [burst, side(before), side(after), vec![change], pair.times.iter().map(time).collect()]
}

fn side(cell: &Cell) -> Vec<String> {
    [cell.middle.verdict.headline()].into_iter().chain(cell.agreement()).collect()
}

fn time(time: &Time) -> String {
    // Where nothing changed, how sure that is interests nobody.
    if time.change.trend == Trend::Within {
        let [before, after] = time.change.medians.map(units::time);
        return format!("{}: {before}, {after}: no change", time.name);
    }
    let told = |at: usize| {
        let deviation = match time.change.deviations[at] {
            0.0 => String::new(),
            deviation => format!(" ± {}", units::time(deviation)),
        };
        units::time(time.change.medians[at]) + &deviation
    };
    let interval = time.change.ratio.interval.map_or(String::new(), |(low, high)| {
        format!(" ({low:.2} to {high:.2} at {:.0} %)", time.change.ratio.confidence * 100.0)
    });
    let trend = match time.change.trend {
        Trend::Slower => "SLOWER",
        Trend::Quicker => "QUICKER",
        Trend::Within => "no change",
        Trend::Noise => "noise",
        Trend::Unknown => "too few rounds to tell",
    };
    let outlier = if time.change.has_outlier { ", with an outlier" } else { "" };
    format!(
        "{}: {}, {}, x {:.2}{interval}: {trend}{outlier}",
        time.name,
        told(0),
        told(1),
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
    let trends = |trend: Trend| {
        pairs.iter().flat_map(|pair| &pair.times).filter(|time| time.change.trend == trend).count()
    };
    sentences.push(format!(
        "{changed} of {} verdicts changed. Of the times {} are slower, {} quicker, {} the same to {:.0} %, {} differ by \
         no more than noise, and of {} there are too few rounds.",
        pairs.len(),
        trends(Trend::Slower),
        trends(Trend::Quicker),
        trends(Trend::Within),
        tolerance * 100.0,
        trends(Trend::Noise),
        trends(Trend::Unknown),
    ));
    if trends(Trend::Unknown) > 0 {
        sentences.push(
            "Four rounds or more in each tell change from noise: `loadtest run --repeat 5`.".to_owned(),
        );
    }
    if pairs.iter().flat_map(|pair| &pair.times).any(|time| time.change.has_outlier) {
        sentences.push(
            "Outliers: something else may have kept the machine busy; measure again on a quiet one."
                .to_owned(),
        );
    }
    sentences
}

#[cfg(test)]
mod tests {
    use judge::verdict::Kind;
    use results::document::{Document, sample};

    use super::*;

    fn documents() -> [Document; 2] {
        let before = sample::document(vec![sample::together(), sample::waves()]);
        let mut after = before.clone();
        after.runs[0].bursts[1].verdict.kind = Kind::Sequential;
        after.runs[0].bursts[1].makespan_ms = 10_000.0;
        after.runs[0].title = "<script>".to_owned();
        [before, after]
    }

    fn told(format: Format, width: Option<u16>) -> String {
        let [before, after] = &documents();
        text(&Comparison::of(before, after, 0.05), ["a|<b>.json", "after.json"], 0.05, format, width).unwrap()
    }

    #[test]
    fn every_format_is_as_it_was() {
        insta::assert_snapshot!("terminal_80", told(Format::Terminal, Some(80)));
        insta::assert_snapshot!("terminal_wide", told(Format::Terminal, Some(160)));
        insta::assert_snapshot!("markdown", told(Format::Markdown, None));
        insta::assert_snapshot!("html", told(Format::Html, None));
    }

    #[test]
    fn names_are_words_in_every_format() {
        let [before, mut after] = documents();
        for document in [&before.clone(), &after.clone()] {
            assert_eq!(document.runs.len(), 1);
        }
        let mut before = before;
        for document in [&mut before, &mut after] {
            document.runs[0].system = "<img src=x>|\n`".to_owned();
        }
        let comparison = Comparison::of(&before, &after, 0.05);
        for format in [Format::Markdown, Format::Html] {
            let text = text(&comparison, ["a", "b"], 0.05, format, None).unwrap();
            assert!(!text.contains("<img"), "{text}");
        }
    }
}
