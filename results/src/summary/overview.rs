//! Setups by systems: what came of each, as the reports' tables show it. No I/O.

use judge::stats::nearest_rank;
use judge::units;
use judge::verdict::Kind;

use crate::document::{Burst, Document, Run};
use crate::summary::{Column, columns};

/// The table.
pub struct Overview<'a> {
    /// The systems.
    pub columns: Vec<Column<'a>>,
    /// The setups.
    pub rows: Vec<Row<'a>>,
}

/// A setup.
pub struct Row<'a> {
    /// One of its runs, for what all of them share.
    pub setup: &'a Run,
    /// What is in each column: a cell a burst, none where it wasn't fired there.
    pub cells: Vec<Vec<Cell<'a>>>,
}

/// What came of a burst's rounds.
pub struct Cell<'a> {
    /// The round whose makespan is the median.
    pub middle: &'a Burst,
    /// The makespans' least and most, in milliseconds; `None` of one round.
    pub makespan_ms: Option<(f64, f64)>,
    /// How many rounds there were, and how many had the middle one's verdict.
    pub rounds: (usize, usize),
    /// What was demanded and isn't so in any of the rounds, each once.
    pub broken: Vec<String>,
}

impl<'a> Overview<'a> {
    /// What is in `document`.
    pub fn of(document: &'a Document) -> Self {
        let columns = columns(document);
        let row = |setup: &'a Run| Row {
            setup,
            cells: columns.iter().map(|column| cells(&column.rounds(&setup.setup))).collect(),
        };
        let rows = setups(document).into_iter().map(row).collect();
        Self { columns, rows }
    }
}

/// One run of each setup, in the order in which they were fired.
fn setups(document: &Document) -> Vec<&Run> {
    let mut setups: Vec<&Run> = Vec::new();
    for run in &document.runs {
        if setups.iter().all(|seen| seen.setup != run.setup) {
            setups.push(run);
        }
    }
    setups
}

fn cells<'a>(rounds: &[&'a Run]) -> Vec<Cell<'a>> {
    let count = rounds.first().map_or(0, |run| run.bursts.len());
    (0..count)
        .filter_map(|at| Cell::of(rounds.iter().filter_map(|run| run.bursts.get(at)).collect()))
        .collect()
}

impl Row<'_> {
    /// What was fired: `10 x e1-p1, 10 x e2-p1`.
    pub fn sizes(&self) -> String {
        let size = |burst: &Burst| format!("{} x {}", burst.n, burst.endpoint);
        self.setup.bursts.iter().map(size).collect::<Vec<_>>().join(", ")
    }

    /// Whether it was part of the original experiment.
    pub fn is_original(&self) -> bool {
        self.setup.bursts.iter().any(|burst| burst.fastapi.is_some())
    }

    /// Whether its bursts must be told apart by their endpoints.
    pub fn is_several(&self) -> bool {
        self.setup.bursts.len() > 1
    }
}

impl<'a> Cell<'a> {
    /// A burst's rounds; `None` where there was none.
    pub fn of(mut rounds: Vec<&'a Burst>) -> Option<Self> {
        rounds.sort_by(|a, b| a.makespan_ms.total_cmp(&b.makespan_ms));
        let middle = rounds[nearest_rank(rounds.len(), 0.5)?];
        let mut broken: Vec<String> = rounds.iter().flat_map(|burst| burst.broken()).collect();
        broken.dedup();
        Some(Self {
            middle,
            makespan_ms: match &rounds[..] {
                [least, .., most] => Some((least.makespan_ms, most.makespan_ms)),
                _ => None,
            },
            rounds: (
                rounds.len(),
                rounds.iter().filter(|burst| burst.verdict.kind == middle.verdict.kind).count(),
            ),
            broken,
        })
    }

    /// The time, and how far the rounds were apart: `1.00 s (0.99 s to 1.02 s)`.
    pub fn time(&self) -> String {
        // A number stays with its unit.
        let time = |ms: f64| units::time(ms).replace(' ', "\u{a0}");
        let spread = |(least, most)| format!(" ({} to {})", time(least), time(most));
        time(self.middle.makespan_ms) + &self.makespan_ms.map(spread).unwrap_or_default()
    }

    /// How many rounds agree, where not all do.
    pub fn agreement(&self) -> Option<String> {
        let (rounds, alike) = self.rounds;
        (alike < rounds).then(|| format!("{alike} of {rounds} rounds"))
    }

    /// Over how many of `places` it was spread, where that is known.
    pub fn places(&self, places: &str) -> Option<String> {
        let count = self.middle.instances;
        let places = if count == 1 { places.trim_end_matches('s') } else { places };
        (count > 0).then(|| format!("{count}\u{a0}{places}"))
    }
}

/// What FastAPI did in the original experiment, and what its author had expected.
pub fn original(burst: &Burst) -> Option<(Kind, Option<Kind>)> {
    burst.fastapi.map(|kind| (kind, burst.author_expected))
}
