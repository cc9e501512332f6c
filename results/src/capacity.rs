//! What `capacity --json` prints, under names that don't change.

use judge::capacity::{Answer, End, Observation, Scalability, Size, Sizes, Survey};
use judge::units::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Machine;

/// The format's version.
const SCHEMA: u32 = 1;

/// What `loadtest capacity --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "loadtest capacity --json")]
pub struct Document {
    /// The format's version: 1.
    pub schema: u32,
    /// The tool that wrote it, and its version.
    pub tool: String,
    /// The machine that the load generator ran on.
    pub machine: Machine,
    /// When the search began, by RFC 3339.
    pub started: String,
    /// The endpoint.
    pub url: String,
    /// What one request alone takes, in milliseconds.
    pub service_ms: f64,
    /// The largest burst allowed.
    pub limit: usize,
    /// How many bursts of a size that matters were to be fired.
    pub repeat: usize,
    /// How many requests the server takes at a time.
    pub answer: Answer,
    /// The Universal Scalability Law for throughput, where the bursts support it.
    pub scalability: Scalability,
    /// The bursts by size, the smallest first.
    pub sizes: Vec<SizeSummary>,
    /// Every burst, in the order in which they were fired.
    pub bursts: Vec<Observation>,
}

/// The bursts of one size. The figures are medians of those that count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizeSummary {
    /// How many requests each had.
    pub n: usize,
    /// How many bursts were fired.
    pub bursts: usize,
    /// How many of them are not counted, because something disturbed them.
    pub doubted: usize,
    /// In how many all requests were answered at once.
    pub taken: usize,
    /// How many requests got a good answer.
    pub answered: usize,
    /// How many of those at once, within 1.41 service times: the most of any burst, because nothing makes
    /// answers come early.
    pub at_once: usize,
    /// How many the server turned away.
    pub refused: usize,
    /// From the start to the last byte of the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// The effective concurrency E.
    pub effective: f64,
}

impl Document {
    /// What a search found at `url` before it `ended`. `tool`, `machine` and `started` are as in
    /// [`crate::document::Document::new`].
    pub fn of(
        survey: &Survey,
        url: String,
        ended: End,
        tool: String,
        machine: Machine,
        started: String,
    ) -> Self {
        let sizes = Sizes::of(&survey.observed, survey.search.repeat);
        Self {
            schema: SCHEMA,
            tool,
            machine,
            started,
            url,
            service_ms: rounded(survey.service_ms(), 3),
            limit: survey.search.limit,
            repeat: survey.search.repeat,
            answer: survey.answer(ended),
            scalability: Scalability::of(&sizes),
            sizes: sizes.iter().map(|(n, size)| SizeSummary::of(n, size)).collect(),
            bursts: survey.observed.clone(),
        }
    }
}

impl SizeSummary {
    fn of(n: usize, size: &Size) -> Self {
        let count = |figure: fn(&Observation) -> usize| size.median(|burst| figure(burst) as f64) as usize;
        Self {
            n,
            bursts: size.count() + size.disturbed(),
            doubted: size.disturbed(),
            taken: size.all_at_once(),
            answered: count(|burst| burst.answered),
            at_once: size.at_once(),
            refused: count(|burst| burst.refused),
            makespan_ms: size.median(|burst| burst.makespan_ms),
            effective: size.effective(),
        }
    }
}
