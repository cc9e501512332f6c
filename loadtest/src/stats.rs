//! Order statistics.

/// The index, in `count` sorted values, of the percentile `share` (0 to 1) by the nearest-rank
/// method: the smallest value that at least this share of them does not exceed. `None` of nothing.
///
/// Source: Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996, definition 1.
pub fn nearest_rank(count: usize, share: f64) -> Option<usize> {
    let rank = (share * count as f64).ceil() as usize;
    (count > 0).then(|| rank.clamp(1, count) - 1)
}

/// The percentile `share` of sorted values; see [`nearest_rank`].
pub fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    nearest_rank(sorted.len(), share).map(|rank| sorted[rank])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_of_ten_are_the_tenths() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        for (share, value) in [(0.0, 1.0), (0.1, 1.0), (0.5, 5.0), (0.9, 9.0), (0.91, 10.0), (1.0, 10.0)] {
            assert_eq!(percentile(&values, share), Some(value), "{share}");
        }
        assert_eq!(percentile(&[], 0.5), None);
    }

    proptest! {
        #[test]
        fn at_least_the_share_does_not_exceed_it(mut values in prop::collection::vec(0.0..1e6, 1..200), share in 0.0..=1.0) {
            values.sort_by(f64::total_cmp);
            let found = percentile(&values, share).unwrap();
            let at_most = values.iter().filter(|value| **value <= found).count();
            prop_assert!(at_most as f64 >= share * values.len() as f64);
        }
    }
}
