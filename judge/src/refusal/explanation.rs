//! What a mechanism explains of a burst with refusals.

use crate::mechanism::{Name, Parameters};

/// A mechanism with its fitted parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Explanation {
    pub(super) name: Name,
    pub(super) parameters: Parameters,
    /// The logarithm of the likelihood, less the penalty of the parameters.
    pub(super) evidence: f64,
    /// The probability before the burst.
    pub(super) prior: f64,
}
