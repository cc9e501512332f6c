//! Sums of probabilities by their logarithms.

/// Returns the logarithm of the mean of the probabilities with these logarithms; negative infinity without any.
pub(super) fn mean_of_logs(logs: &[f64]) -> f64 {
    sum_of_logs(logs) - (logs.len().max(1) as f64).ln()
}

/// Returns the logarithm of the sum of the probabilities with these logarithms; negative infinity without any.
pub(super) fn sum_of_logs(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

/// Returns the penalty of fitted parameters: half the logarithm of the number of observations for each.
///
/// Source: Schwarz, "Estimating the dimension of a model", 1978.
pub(super) fn penalty(parameters: usize, observations: usize) -> f64 {
    parameters as f64 * 0.5 * (observations.max(1) as f64).ln()
}
