//! Why the experiments ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why the experiments ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The mechanism is known.
    Known,
    /// A class of mechanisms is known whose members nothing from outside tells apart, or nothing that the caller is able to
    /// send.
    OnlyFromInside,
    /// The next experiment would exceed the number of requests.
    RequestsSpent,
    /// The next experiment would exceed the time.
    TimeSpent,
    /// No known mechanism describes what was seen.
    NothingLeft,
    /// The endpoint answers so quickly that the times show the network and the generator, not the server.
    TooQuick,
    /// The server stopped answering.
    Unanswered,
    /// A signal ended the experiments. The planner itself never says so.
    Interrupted,
}
