//! An explanation of a burst, a server of a known kind with fitted parameters; and the models that give explanations.

use super::fitter::Fitter;
use crate::kind::Kind;
use crate::likelihood::Hypothesis;
use crate::mechanism::{Name, Parameters};

/// A kind of server.
pub(crate) trait Model: Sync {
    /// Returns the explanations of a burst by servers of this kind, each with its own parameters.
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation>;
}

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
    /// How far the number at a time may be from `k`: half of the distance to the next number that was weighed; 0 if all numbers
    /// were weighed.
    pub(crate) reach: f64,
    /// The fitted server; `None` if it can't be scored cell by cell.
    pub(crate) hypothesis: Option<Hypothesis>,
    /// Whether the answers have the pattern that the server gives them. Only the model knows if there is no hypothesis.
    pub(crate) describes: bool,
    /// Whether nothing speaks against the requests alone having met this server: none of its parts shows in the burst only.
    pub(crate) is_seen_alone: bool,
}

impl Explanation {
    /// Creates an explanation by a server without a number at a time. All of it is scored, and the requests alone met it, too.
    pub(crate) fn new(
        name: Name,
        parameters: Parameters,
        (log, prior): (f64, f64),
        kind: Kind,
        hypothesis: Hypothesis,
    ) -> Self {
        Self {
            name,
            parameters,
            log,
            prior,
            kind,
            k: None,
            reach: 0.0,
            hypothesis: Some(hypothesis),
            describes: true,
            is_seen_alone: true,
        }
    }

    /// Returns the logarithm of the posterior weight. The evidence of cells that aren't independent of each other is
    /// overstated: `temper` divides it.
    pub(crate) fn weight(&self, temper: f64) -> f64 {
        self.log / temper + self.prior
    }
}
