//! A diagnosis with the checks of `--expect`.

use judge::experiment::Diagnosis;
use judge::verdict::{Kind, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Run;
use super::burst::Burst;
use super::checked::{self, Checked};
use super::request::Request;
use crate::threshold::Threshold;

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

    /// Checks the thresholds, and records the results.
    pub fn check(&mut self, thresholds: &[Threshold]) {
        self.thresholds = thresholds.iter().filter_map(|one| one.check_diagnosis(&self.diagnosis)).collect();
    }

    /// Returns a line for each expectation that is not met.
    pub fn unmet(&self) -> Vec<String> {
        checked::unmet(&self.thresholds).collect()
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

impl Run {
    /// Returns the requests of all bursts as one burst, for a drawing: times count from the first start, and numbers go on from
    /// burst to burst. `None` without bursts.
    pub fn as_one_burst(&self) -> Option<Burst> {
        let first = self.bursts.first()?;
        let start = |burst: &Burst| burst.start_unix_us.unwrap_or(0) as f64;
        let begin = self.bursts.iter().map(start).fold(f64::INFINITY, f64::min);
        let verdict = match self.bursts.as_slice() {
            [one] => one.verdict.clone(),
            // A verdict on a part says nothing about the others.
            _ => Verdict::of(Kind::Inconclusive),
        };
        let mut all = Burst { requests: Vec::new(), verdict, ..first.clone() };
        for burst in &self.bursts {
            let later = start(burst) - begin;
            for request in &burst.requests {
                let i = all.requests.len();
                all.requests.push(Request { i, ..request.clone().later(later) });
            }
        }
        Some(all)
    }
}
