//! The table of setups by systems that the reports show.

use judge::mechanism::{Mechanism, Name};
use judge::stats::nearest_rank;
use judge::units;
use judge::verdict::Kind;

use crate::document::{Burst, Document, Run};
use crate::summary::column::{Column, columns};

/// The table of setups by systems.
pub struct Overview<'a> {
    /// The systems.
    pub columns: Vec<Column<'a>>,
    /// The setups.
    pub rows: Vec<Row<'a>>,
}

/// A row of the table: a setup.
pub struct Row<'a> {
    /// A run of the setup, for the properties that all of its runs share.
    pub setup: &'a Run,
    /// The cells of each column, one for each burst; none if the setup wasn't fired at the system.
    pub cells: Vec<Vec<Cell<'a>>>,
}

/// A burst in all its rounds.
pub struct Cell<'a> {
    /// The round with the median makespan.
    pub median: &'a Burst,
    /// The least and the largest makespan, in milliseconds; `None` if there is only one round.
    pub makespan_ms: Option<(f64, f64)>,
    /// The number of rounds, and the number of rounds with the median round's verdict.
    pub rounds: (usize, usize),
    /// The expectations that a round doesn't meet, each once.
    pub unmet: Vec<String>,
}

impl<'a> Overview<'a> {
    /// Builds the table of `document`.
    pub fn new(document: &'a Document) -> Self {
        let columns = columns(document);
        let row = |setup: &'a Run| Row {
            setup,
            cells: columns.iter().map(|column| cells(&column.rounds(&setup.setup))).collect(),
        };
        let rows = setups(document).into_iter().map(row).collect();
        Self { columns, rows }
    }
}

/// Returns one run of each setup, in firing order.
fn setups(document: &Document) -> Vec<&Run> {
    let mut setups: Vec<&Run> = Vec::new();
    for run in &document.runs {
        if setups.iter().all(|other| other.setup != run.setup) {
            setups.push(run);
        }
    }
    setups
}

fn cells<'a>(rounds: &[&'a Run]) -> Vec<Cell<'a>> {
    let count = rounds.first().map_or(0, |run| run.bursts.len());
    (0..count)
        .filter_map(|index| Cell::new(rounds.iter().filter_map(|run| run.bursts.get(index)).collect()))
        .collect()
}

impl Row<'_> {
    /// Returns the bursts, such as `10 x e1-p1, 10 x e2-p1`.
    pub fn sizes(&self) -> String {
        let size = |burst: &Burst| format!("{} x {}", burst.n, burst.name());
        self.setup.bursts.iter().map(size).collect::<Vec<_>>().join(", ")
    }

    /// Whether the setup is part of the original experiment.
    pub fn is_original(&self) -> bool {
        self.setup.bursts.iter().any(|burst| burst.fastapi.is_some())
    }

    /// Whether there are several bursts, which need their endpoints as labels.
    pub fn has_several_bursts(&self) -> bool {
        self.setup.bursts.len() > 1
    }
}

impl<'a> Cell<'a> {
    /// Creates the cell of a burst's rounds; `None` if there are none.
    pub fn new(mut rounds: Vec<&'a Burst>) -> Option<Self> {
        rounds.sort_by(|a, b| a.makespan_ms.total_cmp(&b.makespan_ms));
        let median = rounds[nearest_rank(rounds.len(), 0.5)?];
        let mut unmet: Vec<String> = rounds.iter().flat_map(|burst| burst.unmet()).collect();
        unmet.dedup();
        Some(Self {
            median,
            makespan_ms: match &rounds[..] {
                [least, .., most] => Some((least.makespan_ms, most.makespan_ms)),
                _ => None,
            },
            rounds: (
                rounds.len(),
                rounds.iter().filter(|burst| burst.verdict.kind == median.verdict.kind).count(),
            ),
            unmet,
        })
    }

    /// Returns the makespan, with its range over the rounds: `1.00 s (0.99 s to 1.02 s)`.
    pub fn time(&self) -> String {
        // A no-break space keeps the number and its unit on one line.
        let time = |ms: f64| units::time(ms).replace(' ', "\u{a0}");
        let spread = |(least, most)| format!(" ({} to {})", time(least), time(most));
        time(self.median.makespan_ms) + &self.makespan_ms.map(spread).unwrap_or_default()
    }

    /// Returns how many rounds agree; `None` if all do.
    pub fn agreement(&self) -> Option<String> {
        let (rounds, agreeing) = self.rounds;
        (agreeing < rounds).then(|| format!("{agreeing} of {rounds} rounds"))
    }

    /// Returns the mechanism with its class, in words; `None` if none is named, or no limit was seen, as the verdict says.
    pub fn mechanism(&self) -> Option<String> {
        let mechanism = self.median.verdict.mechanism.as_ref();
        mechanism.filter(|mechanism| mechanism.name != Name::None).map(Mechanism::class_in_words)
    }

    /// Returns the number of instances, such as `10 instances`; `None` if unknown. `noun` is the plural noun.
    pub fn instances(&self, noun: &str) -> Option<String> {
        let count = self.median.instances;
        let noun = if count == 1 { noun.trim_end_matches('s') } else { noun };
        (count > 0).then(|| format!("{count}\u{a0}{noun}"))
    }
}

/// Returns the verdict on FastAPI in the original experiment, and the verdict that its author expected.
pub fn original(burst: &Burst) -> Option<(Kind, Option<Kind>)> {
    burst.fastapi.map(|kind| (kind, burst.author_expected))
}
