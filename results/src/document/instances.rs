//! How an application uses its instances.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an application's instances are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instances {
    /// The WASI version of the components: 2 or 3.
    pub wasi: u8,
    /// How requests use instances.
    pub isolation: Isolation,
}

/// How requests use instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Each request has a new instance.
    Fresh,
    /// An instance serves one request after another.
    Reused,
    /// An instance serves several requests at a time.
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
