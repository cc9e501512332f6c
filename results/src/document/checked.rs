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
    /// The measured value, in words.
    pub seen: String,
}

/// Returns a line for each expectation that is not met.
pub(super) fn unmet(checked: &[Checked]) -> impl Iterator<Item = String> {
    let unmet = checked.iter().filter(|one| !one.met);
    unmet.map(|one| format!("{} is not met: {}", one.expect, one.seen))
}
