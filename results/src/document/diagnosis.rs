//! A diagnosis with the checks of `--expect`.

use judge::experiment::Diagnosis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checked::{self, Checked};

/// Why an endpoint serves requests as it does, after several experiments. `runs` has a run for each experiment, in the same
/// order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosed {
    /// The endpoint.
    pub url: String,
    /// What the experiments show together.
    #[serde(flatten)]
    pub diagnosis: Diagnosis,
    /// The checks of `--expect`.
    #[serde(default)]
    pub thresholds: Vec<Checked>,
}

impl Diagnosed {
    /// Creates the diagnosis of an endpoint, with rounded numbers.
    pub fn new(url: String, diagnosis: Diagnosis) -> Self {
        Self { url, diagnosis: diagnosis.rounded(), thresholds: Vec::new() }
    }

    /// Returns a line for each expectation that is not met.
    pub fn unmet(&self) -> Vec<String> {
        checked::unmet(&self.thresholds).map(checked::line).collect()
    }

    /// Whether an expectation fails, and isn't only left open.
    pub fn is_failed(&self) -> bool {
        checked::unmet(&self.thresholds).any(|one| !one.open)
    }

    /// Returns the headline: the kind, and the mechanism with its probability.
    pub fn headline(&self) -> String {
        let Diagnosis { kind, mechanism, .. } = &self.diagnosis;
        match mechanism {
            Some(mechanism) => format!("{}; {}", kind, mechanism.sentence()),
            None => format!("{kind}; the mechanism is open"),
        }
    }
}
