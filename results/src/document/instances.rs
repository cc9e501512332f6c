//! How an application uses its instances.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an application's instances are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instances {
    /// The version of WASI that the components speak: 2 or 3.
    pub wasi: u8,
    /// How long an instance lives, and for whom.
    pub isolation: Isolation,
}

/// How requests use instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Every request has an instance of its own.
    Fresh,
    /// An instance takes one request after another.
    Reused,
    /// A request may meet others in its instance.
    Shared,
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "fresh instances",
            Self::Reused => "reused instances",
            Self::Shared => "shared instances",
        })
    }
}
