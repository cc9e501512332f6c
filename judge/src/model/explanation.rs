//! An explanation of a burst: a server of a known kind with fitted parameters.

use super::shared_cpu;
use crate::kind::Kind;
use crate::likelihood::Hypothesis;
use crate::mechanism::{Name, Parameters};

/// An explanation of a burst.
#[derive(Debug, Clone)]
pub(crate) struct Explanation {
    pub(crate) name: Name,
    pub(crate) parameters: Parameters,
    /// The logarithm of the likelihood, with the requests alone.
    pub(crate) log: f64,
    /// The logarithm of the prior probability, with the penalty for fitted parameters.
    pub(crate) prior: f64,
    pub(crate) kind: Kind,
    /// The number of requests that are served at a time, if the server has such a number.
    pub(crate) k: Option<f64>,
    /// The fitted server; `None` if it can't be scored cell by cell.
    pub(crate) hypothesis: Option<Hypothesis>,
    /// Whether the answers have the pattern that the server gives them. Only the model knows if there is no hypothesis.
    pub(crate) describes: bool,
    /// Whether nothing speaks against the requests alone having met this server: none of its parts shows in the burst only.
    pub(crate) is_seen_alone: bool,
}

impl Explanation {
    /// Returns how far the number at a time may be from `k`: half of the distance to the next one that was weighed.
    pub(crate) fn reach(&self) -> f64 {
        match (self.name, self.k) {
            (Name::SharedCpu, Some(k)) => k * shared_cpu::STEP / 2.0,
            _ => 0.0,
        }
    }

    /// Returns the logarithm of the posterior weight. The evidence of cells that aren't independent of each other is
    /// overstated: `temper` divides it.
    pub(crate) fn weight(&self, temper: f64) -> f64 {
        self.log / temper + self.prior
    }
}
