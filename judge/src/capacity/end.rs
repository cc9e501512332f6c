//! Why a search ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The search found the capacity.
    Found,
    /// The server served the largest allowed burst at once.
    Limit,
    /// The server served the largest burst for which this process may open connections at once.
    Descriptors,
    /// This machine can't measure larger bursts.
    Generator,
    /// The server stopped answering.
    Unanswered,
    /// A signal ended the search.
    Interrupted,
}
