//! The ratio of two groups of values, with its confidence interval.

/// The confidence that an interval must reach to count.
pub const CONFIDENCE: f64 = 0.95;

/// The ratio of two groups of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// The estimate.
    pub estimate: f64,
    /// The confidence interval; `None` if each group has one value.
    pub interval: Option<(f64, f64)>,
    /// The share of such intervals that contain the true ratio, from 0 to 1: at least [`CONFIDENCE`] if there are enough
    /// values.
    pub confidence: f64,
}

impl Ratio {
    /// Returns the ratio of `after` to `before`; `None` if one is empty. All values must be positive.
    ///
    /// The estimate is that of Hodges and Lehmann: the median of all ratios between the groups. The interval is based on
    /// the ranks of Mann and Whitney. It assumes that both groups have the same distribution up to a factor, of any form.
    /// Source: Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd edition, 4.2 and 4.3.
    pub fn of(before: &[f64], after: &[f64]) -> Option<Self> {
        let mut ratios: Vec<f64> = after.iter().flat_map(|b| before.iter().map(move |a| b / a)).collect();
        ratios.sort_by(f64::total_cmp);
        let count = ratios.len();
        let (low, high) = (ratios.get(count.checked_sub(1)? / 2)?, ratios.get(count / 2)?);
        // The geometric mean of the two middle ratios.
        let estimate = (low * high).sqrt();
        let (rank, confidence) = rank(before.len(), after.len());
        let interval = (count > 1).then(|| (ratios[rank - 1], ratios[count - rank]));
        Some(Self { estimate, interval, confidence })
    }
}

/// Returns the rank of the sorted ratio that bounds the interval, from 1 and from either end, and the interval's
/// confidence: the innermost rank that reaches [`CONFIDENCE`], or else the outermost.
fn rank(n: usize, m: usize) -> (usize, f64) {
    let mut below = 0.0;
    let mut best = (1, 0.0);
    for (u, share) in u_distribution(n, m).into_iter().enumerate() {
        below += share;
        let confidence = (1.0 - 2.0 * below).max(0.0);
        if u == 0 {
            best.1 = confidence;
        } else if confidence >= CONFIDENCE {
            best = (u + 1, confidence);
        } else {
            break;
        }
    }
    best
}

/// Returns the distribution of Mann and Whitney's U if both groups are alike: the coefficients of the Gaussian binomial
/// of n + m over n, as shares.
fn u_distribution(n: usize, m: usize) -> Vec<f64> {
    let mut ways = vec![0.0; n * m + 1];
    ways[0] = 1.0;
    for i in 1..=n {
        // Multiply by 1 - q^(m + i), divide by 1 - q^i, and scale the sum to 1.
        for at in (m + i..ways.len()).rev() {
            ways[at] -= ways[at - m - i];
        }
        for at in i..ways.len() {
            ways[at] += ways[at - i];
        }
        let factor = i as f64 / (m + i) as f64;
        ways.iter_mut().for_each(|ways| *ways *= factor);
    }
    ways
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_distribution_matches_published_tables() {
        // n = m = 2: six orders, of which U = 0, 1, 2, 2, 3, 4.
        let six: Vec<f64> = u_distribution(2, 2).iter().map(|share| share * 6.0).collect();
        for (computed, known) in six.iter().zip([1.0, 1.0, 2.0, 1.0, 1.0]) {
            assert!((computed - known).abs() < 1e-9, "{six:?}");
        }
        // The critical value of U at 5 %, two-sided: 0 of 4 and 4, 2 of 5 and 5, 23 of 10 and 10.
        for (n, critical) in [(4, 0), (5, 2), (10, 23)] {
            assert_eq!(rank(n, n).0, critical + 1, "{n}");
        }
        let (rank, confidence) = rank(3, 3);
        assert_eq!((rank, (confidence * 10.0).round()), (1, 9.0), "three rounds reach 90 %");
    }

    #[test]
    fn one_value_each_has_no_interval() {
        assert_eq!(Ratio::of(&[2.0], &[3.0]), Some(Ratio { estimate: 1.5, interval: None, confidence: 0.0 }));
        assert_eq!(Ratio::of(&[], &[3.0]), None);
    }

    #[test]
    fn the_interval_contains_the_ratio_as_often_as_stated() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut draw = |factor: f64| (0..6).map(|_| factor * (1.0 + 0.1 * random.f64())).collect::<Vec<_>>();
        let held = (0..2_000).filter(|_| {
            let ratio = Ratio::of(&draw(1.0), &draw(1.3)).unwrap();
            ratio.interval.is_some_and(|(low, high)| (low..=high).contains(&1.3))
        });
        let share = held.count() as f64 / 2_000.0;
        assert!((0.94..=0.99).contains(&share), "{share}");
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(0.1..1e4, 1..12)
    }

    proptest! {
        #[test]
        fn swapped_groups_give_the_inverse(a in values(), b in values()) {
            let (there, back) = (Ratio::of(&a, &b).unwrap(), Ratio::of(&b, &a).unwrap());
            prop_assert!((there.estimate * back.estimate - 1.0).abs() < 1e-9);
            if let (Some((low, high)), Some((least, most))) = (there.interval, back.interval) {
                prop_assert!((low * most - 1.0).abs() < 1e-9 && (high * least - 1.0).abs() < 1e-9);
                prop_assert!(low <= there.estimate && there.estimate <= high);
            }
        }

        #[test]
        fn the_unit_changes_nothing(a in values(), b in values(), unit in 0.001..1000.0) {
            let scaled = |values: &[f64]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
            let (plain, scaled) = (Ratio::of(&a, &b).unwrap(), Ratio::of(&scaled(&a), &scaled(&b)).unwrap());
            prop_assert!((plain.estimate / scaled.estimate - 1.0).abs() < 1e-9);
        }
    }
}
