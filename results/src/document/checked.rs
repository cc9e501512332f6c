//! A demand on a burst, checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A demand, and whether a burst met it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// The demand, as `--expect` gave it.
    pub expect: String,
    /// Whether the burst met it.
    pub met: bool,
    /// What was seen instead or in accordance, in words.
    pub seen: String,
}
