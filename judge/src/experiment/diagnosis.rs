//! What all experiments show together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::end::End;
use super::interval::Interval;
use crate::kind::Kind;
use crate::mechanism::{self, Mechanism, Name};

/// Why a server serves requests as it does, after several experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The mechanism that explains all experiments; null unless its probability, or that of its class, is
    /// at least 0.95, or 0.9 for a class that no experiment splits.
    pub mechanism: Option<Mechanism>,
    /// The 95 % interval of the mechanism's main parameter; null without a mechanism, or if it has no parameter.
    #[serde(default)]
    pub interval: Option<Interval>,
    /// The other mechanisms that may explain them, the most probable first. With `mechanism` null, all of them.
    pub alternatives: Vec<Mechanism>,
    /// How the largest burst was served.
    pub kind: Kind,
    /// What was measured, and what explains it.
    pub why: String,
    /// What to change on the server, or where to look; null if nothing limits the requests, or no mechanism is named.
    pub remedy: Option<String>,
    /// Why the experiments ended.
    pub ended: End,
    /// The experiments, in their order.
    pub experiments: Vec<Finding>,
}

/// What an experiment showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was sent.
    pub title: String,
    /// Why it was chosen.
    pub reason: String,
    /// What was seen, as a sentence.
    pub seen: String,
    /// The mechanisms that it ruled out: those whose probability fell below a twentieth of the most probable one's.
    pub ruled_out: Vec<Name>,
}

impl Diagnosis {
    /// Returns the diagnosis with its numbers rounded as in result files.
    pub fn rounded(self) -> Self {
        Self {
            mechanism: self.mechanism.map(Mechanism::rounded),
            interval: self.interval.map(Interval::rounded),
            alternatives: self.alternatives.into_iter().map(Mechanism::rounded).collect(),
            ..self
        }
    }

    /// Returns the sentences on the mechanism: its name, how well its main parameter is known, what tells it from others of its
    /// class, the alternatives.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = mechanism::sentences(self.mechanism.as_ref(), &self.alternatives);
        if let Some(interval) = self.interval.as_ref().and_then(Interval::sentence) {
            sentences.insert(1.min(sentences.len()), interval);
        }
        sentences
    }
}
