//! A checked expectation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An expectation of `--expect`, and whether the burst meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// The expectation, as written.
    pub expect: String,
    /// Whether the burst meets it.
    pub met: bool,
    /// Whether it is not met because the measurement leaves the answer open: the burst is inconclusive, or no mechanism is named.
    #[serde(default)]
    pub open: bool,
    /// The measured value, in words.
    pub seen: String,
}

impl Checked {
    /// Returns `is not met`, or `is left open`.
    pub const fn outcome(&self) -> &'static str {
        if self.open { "is left open" } else { "is not met" }
    }
}

/// Returns those that are not met.
pub(super) fn unmet(checked: &[Checked]) -> impl Iterator<Item = &Checked> {
    checked.iter().filter(|one| !one.met)
}

/// Returns a line for an expectation that is not met.
pub(super) fn line(unmet: &Checked) -> String {
    format!("{} {}: {}", unmet.expect, unmet.outcome(), unmet.seen)
}
