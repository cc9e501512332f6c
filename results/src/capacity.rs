//! The document that `loadtest capacity --json` prints. Its JSON names are stable.

use judge::capacity::{Answer, End, Observation, Scalability, Size, Sizes, Survey};
use judge::units::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Machine;

/// The version of the format.
const SCHEMA: u32 = 1;

/// The result of `loadtest capacity`, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "loadtest capacity --json")]
pub struct Document {
    /// The format's version: 1.
    pub schema: u32,
    /// The tool that wrote the document, and its version.
    pub tool: String,
    /// The machine of the load generator.
    pub machine: Machine,
    /// The start of the search, as an RFC 3339 time.
    pub started: String,
    /// The endpoint's URL.
    pub url: String,
    /// The service time: the latency of a request alone, in milliseconds.
    pub service_ms: f64,
    /// The largest number of requests in a burst.
    pub limit: usize,
    /// The number of bursts to fire for each size near the answer.
    pub repeat: usize,
    /// How many requests the server takes at a time, or answers a second, and how sure that is.
    pub answer: Answer,
    /// The Universal Scalability Law, fitted to the throughput if the bursts support it.
    pub scalability: Scalability,
    /// The bursts by size, smallest first; without those that check the result.
    pub sizes: Vec<SizeSummary>,
    /// All bursts, in firing order.
    pub bursts: Vec<Observation>,
}

/// The bursts of one size. The figures are medians over the counted bursts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizeSummary {
    /// The number of requests in each burst.
    pub n: usize,
    /// The number of bursts fired.
    pub bursts: usize,
    /// The number of bursts that are not counted, because they were disturbed.
    #[serde(rename = "doubted")]
    pub disturbed: usize,
    /// The number of bursts with all requests answered at once.
    pub taken: usize,
    /// The number of requests with a good answer.
    pub answered: usize,
    /// The number of good answers at once, that is within 1.41 service times: the maximum over the bursts, because a
    /// disturbance only delays answers.
    pub at_once: usize,
    /// The number of requests that the server refused.
    pub refused: usize,
    /// The time from the burst's start to the last byte of the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// The effective concurrency E.
    pub effective: f64,
}

impl Document {
    /// Creates the document of a search at `url` that ended with `ended`. `tool`, `machine` and `started` are as in
    /// [`crate::document::Document::new`].
    pub fn new(
        survey: &Survey,
        url: String,
        ended: End,
        tool: String,
        machine: Machine,
        started: String,
    ) -> Self {
        let sizes = Sizes::with_larger(&survey.observed, survey.search.repeat);
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
            sizes: sizes.iter().map(|(n, size)| SizeSummary::new(n, size)).collect(),
            bursts: survey.observed.clone(),
        }
    }
}

impl SizeSummary {
    fn new(n: usize, size: &Size) -> Self {
        let count = |figure: fn(&Observation) -> usize| size.median(|burst| figure(burst) as f64) as usize;
        Self {
            n,
            bursts: size.count() + size.disturbed(),
            disturbed: size.disturbed(),
            taken: size.all_at_once(),
            answered: count(|burst| burst.answered),
            at_once: size.at_once(),
            refused: count(|burst| burst.refused),
            makespan_ms: size.median(|burst| burst.makespan_ms),
            effective: size.effective(),
        }
    }
}
