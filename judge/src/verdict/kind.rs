//! What a verdict is made of.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::rounded;

/// How a burst was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All at once.
    Parallel,
    /// One after the other.
    Sequential,
    /// A few at a time.
    Limited,
    /// Some or all were rejected by the server.
    Refused,
    /// The measurement can't carry a verdict.
    Inconclusive,
}

/// How the answers came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Each as soon as it could.
    Together,
    /// One by one.
    Staircase,
    /// A few, then as many again.
    Waves,
    /// All late alike.
    Stretched,
    /// In groups that wait for their slowest, because they share an instance that each of them blocks.
    Batched,
}

/// How sure the verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Something else could explain it.
    Low,
    /// Probably.
    Medium,
    /// At least 99 of 100 such verdicts are right.
    High,
}

/// What the judge says of a burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// How the burst was served.
    pub kind: Kind,
    /// How many requests were served at a time; null where that can't be said.
    pub at_a_time: Option<f64>,
    /// The least that `at_a_time` can be.
    pub at_a_time_low: Option<f64>,
    /// The most that it can be.
    pub at_a_time_high: Option<f64>,
    /// How the answers came; null where they follow no known pattern.
    pub shape: Option<Shape>,
    /// How sure the verdict is.
    pub confidence: Confidence,
    /// What was seen, in plain words.
    pub why: String,
    /// What would change it, where there is evidence for that.
    pub remedy: Option<String>,
    /// Why the measurement can't carry a verdict; empty where it can.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// A verdict that says nothing but its kind.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            at_a_time: None,
            at_a_time_low: None,
            at_a_time_high: None,
            shape: None,
            confidence: Confidence::Low,
            why: String::new(),
            remedy: None,
            reasons: Vec::new(),
        }
    }

    /// With its numbers as files have them.
    pub fn rounded(self) -> Self {
        let tenth = |k: Option<f64>| k.map(|k| rounded(k, 1));
        Self {
            at_a_time: tenth(self.at_a_time),
            at_a_time_low: tenth(self.at_a_time_low),
            at_a_time_high: tenth(self.at_a_time_high),
            ..self
        }
    }

    /// The kind, with its k where it has one: `limited, 4 at a time`.
    pub fn headline(&self) -> String {
        match (self.kind, self.at_a_time) {
            (Kind::Limited, Some(k)) if k.fract() == 0.0 => format!("limited, {k} at a time"),
            (Kind::Limited, Some(k)) => format!("limited, about {k:.1} at a time"),
            (kind, _) => kind.to_string(),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Together => "together",
            Self::Staircase => "staircase",
            Self::Waves => "waves",
            Self::Stretched => "stretched",
            Self::Batched => "batched",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parallel => "parallel",
            Self::Sequential => "sequential",
            Self::Limited => "limited",
            Self::Refused => "refused",
            Self::Inconclusive => "inconclusive",
        })
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}
