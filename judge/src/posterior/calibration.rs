//! What a probability of the models is worth: no server is quite as the models describe it.

use crate::mechanism::Mechanism;

/// The logarithm of the odds that the most probable mechanism is right is about this much of what the models say, plus
/// [`CONSTANT`]. This is Platt's scaling ("Probabilistic outputs for support vector machines", 1999), fitted to simulated
/// bursts of even seeds without the mechanisms that are held out.
const SLOPE: f64 = 0.21;
const CONSTANT: f64 = 1.27;
/// Below this probability, the models' own is kept: it is about right.
const FROM: f64 = 0.8;

/// Replaces the probability of the first mechanism by how often such a probability is right. The others share the rest.
pub(super) fn calibrate(mechanisms: &mut [Mechanism]) {
    let Some((first, others)) = mechanisms.split_first_mut() else { return };
    let said = first.probability.min(1.0 - 1e-9);
    if said < FROM {
        return;
    }
    let odds = SLOPE * (said / (1.0 - said)).ln() + CONSTANT;
    let right = (1.0 / (1.0 + (-odds).exp())).min(said);
    let factor = (1.0 - right) / (1.0 - said);
    first.probability = right;
    others.iter_mut().for_each(|other| other.probability = (other.probability * factor).min(1.0 - right));
}
