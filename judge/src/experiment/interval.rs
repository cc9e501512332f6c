//! How well the main parameter of a mechanism is known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fit::{self, Fitted, REPLICATES};
use super::history::History;
use super::hypothesis::{Hypothesis, WINDOWS};
use super::server_model::ServerModel;
use crate::units::{self, rounded};

/// By how much the logarithm of the likelihood falls at the ends of a 95 % interval (Wilks, "The large-sample distribution
/// of the likelihood ratio for testing composite hypotheses", 1938): half the quantile of chi-squared with one degree of
/// freedom.
const FALL: f64 = 1.92;
/// The steps of a parameter's logarithm away from its best value.
const STEPS: [f64; 8] = [0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2];

/// The 95 % interval of a mechanism's main parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The parameter's name in `parameters`.
    pub parameter: String,
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
}

impl Interval {
    /// Returns the interval of the main parameter of a hypothesis that has been fitted. `None` if the mechanism has no
    /// parameter.
    pub(super) fn of(history: &History, best: &Fitted) -> Option<Self> {
        let (parameter, value) = best.hypothesis.main_parameter()?;
        let mut possible = vec![value];
        let least = best.score.log() - FALL;
        let mut add = |hypothesis: &Hypothesis| {
            let is_likely = is_likely(history, hypothesis, least);
            possible.extend(is_likely.then(|| hypothesis.main_parameter()).flatten().map(|main| main.1));
            is_likely
        };
        if best.hypothesis.model.has_window() {
            windows(&best.hypothesis).iter().for_each(|one| _ = add(one));
        }
        let at = best.hypothesis.model.main_place();
        for sign in [1.0, -1.0] {
            for step in STEPS {
                let mut hypothesis = best.hypothesis.clone();
                hypothesis.point[at] = fit::stepped(&hypothesis, at, sign * step);
                // A limit and the service time may give the same together.
                let with_service = |along: f64| {
                    let mut other = hypothesis.clone();
                    other.point[0] += along * (hypothesis.point[at] - best.hypothesis.point[at]);
                    other
                };
                if ![0.0, 1.0, -1.0].map(with_service).iter().any(&mut add) {
                    break;
                }
            }
        }
        let low = possible.iter().copied().fold(f64::INFINITY, f64::min);
        let high = possible.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self { parameter: parameter.to_owned(), low, high })
    }

    /// Returns the interval as a sentence; `None` if both ends are shown as the same number.
    pub(super) fn sentence(&self) -> Option<String> {
        let (shown, unit): (fn(f64) -> String, _) = match self.parameter.as_str() {
            "per_second" => (units::two_digits, " a second"),
            "share" => (|share| units::two_digits(100.0 * share), " %"),
            "delay_ms" => (units::time, ""),
            "cores" => (units::two_digits, " cores"),
            "limit" | "size" => (whole, " requests"),
            "processes" => (whole, " processes"),
            _ => (whole, " workers"),
        };
        let (low, high) = (shown(self.low), shown(self.high));
        (low != high).then(|| format!("The 95 % interval is {low} to {high}{unit}."))
    }

    /// Returns the interval with its numbers rounded as in result files.
    pub(super) fn rounded(self) -> Self {
        Self { low: rounded(self.low, 3), high: rounded(self.high, 3), ..self }
    }
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

fn is_likely(history: &History, hypothesis: &Hypothesis, least: f64) -> bool {
    hypothesis.is_possible() && history.score(hypothesis, REPLICATES).log() >= least
}

/// Returns the other windows, with limits that allow about as many requests in a burst, and each way to count them.
fn windows(best: &Hypothesis) -> Vec<Hypothesis> {
    let limit = best.point[3].exp().round();
    let mut all = Vec::new();
    for model in [ServerModel::WindowCap, ServerModel::WindowOfAll, ServerModel::WindowEstimate] {
        for window in WINDOWS {
            for more in -8..=8 {
                let mut hypothesis = Hypothesis { model, ..best.clone() };
                hypothesis.point[2] = f64::ln(window);
                hypothesis.point[3] = (limit + f64::from(more)).max(1.0).ln();
                all.push(hypothesis);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_look_alike_are_not_said() {
        let sentence = |parameter: &str, low, high| {
            Interval { parameter: parameter.to_owned(), low, high }.sentence().unwrap_or_default()
        };
        assert_eq!(sentence("per_second", 19.0, 21.2), "The 95 % interval is 19 to 21 a second.");
        assert_eq!(sentence("share", 0.5, 0.51), "The 95 % interval is 50 to 51 %.");
        assert_eq!(sentence("workers", 3.0, 5.0), "The 95 % interval is 3 to 5 workers.");
        assert_eq!(sentence("per_second", 19.98, 20.02), "");
        assert_eq!(sentence("workers", 4.0, 4.0), "");
    }
}
