//! Times of two speeds.

/// Times of two speeds.
pub(super) struct SpeedMixture {
    pub(super) quick: f64,
    pub(super) slow: f64,
    /// The standard deviation of the logarithm of the quick ones.
    pub(super) spread: f64,
    /// The share of slow ones.
    pub(super) share: f64,
}

impl SpeedMixture {
    /// Divides times, given by their logarithms, where the variance within the two parts is least (Otsu, "A threshold
    /// selection method from gray-level histograms", 1979).
    pub(super) fn of(mut logs: Vec<f64>) -> Option<Self> {
        logs.sort_by(f64::total_cmp);
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let within = |part: &[f64]| {
            let mean = mean(part);
            part.iter().map(|log| (log - mean).powi(2)).sum::<f64>()
        };
        let least = logs.len().div_ceil(15).max(2);
        let splits = least..(logs.len() + 1).saturating_sub(least);
        let cost = |at: &usize| within(&logs[..*at]) + within(&logs[*at..]);
        let at = splits.min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
        let (quick, slow) = logs.split_at(at);
        Some(Self {
            quick: mean(quick).exp(),
            slow: mean(slow).exp(),
            spread: (within(quick) / quick.len() as f64).sqrt(),
            share: slow.len() as f64 / logs.len() as f64,
        })
    }
}
