//! The Universal Scalability Law, fitted to the bursts.
//!
//! X(N) = λ N / (1 + σ (N - 1) + κ N (N - 1)) is the throughput of N requests at a time. λ is the throughput of one
//! request at a time, σ the share of the work that is done one at a time (contention), κ the cost of each pair of
//! requests (coherency). Source: N. J. Gunther, "Guerrilla Capacity Planning", Springer, 2007, chapters 4 to 6;
//! "A General Theory of Computational Scalability Based on Rational Functions", arXiv:0808.1431, 2008.
//!
//! N / X(N) is the time of a burst of N. It is linear in 1/λ, σ/λ and κ/λ. So the least squares within the law's bounds
//! are computed exactly, without iteration, by trying each combination of active bounds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sizes::Sizes;
use crate::units::rounded;

/// The smallest number of sizes for a fit: the source asks for six.
pub(super) const MIN_SIZES: usize = 6;
/// The largest relative error of the law's throughput at any size. Beyond it the law doesn't describe the server.
const MAX_DEVIATION: f64 = 0.25;

/// The Universal Scalability Law for throughput, if the bursts support it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scalability {
    /// σ: the share of the work that is done one at a time, 0 to 1; null if the data don't support the law.
    pub contention: Option<f64>,
    /// κ: the cost of each pair of requests, as a share of the work; null if the data don't support the law.
    pub coherency: Option<f64>,
    /// The N of the largest throughput, sqrt((1 - σ) / κ); null if the data don't support the law, or if it lies beyond
    /// the largest burst.
    pub peak: Option<f64>,
    /// λ: requests per second, one at a time; null if the data don't support the law.
    pub alone_per_s: Option<f64>,
    /// The share of the throughput's variation that the law explains; null if no law was fitted.
    pub r_squared: Option<f64>,
    /// The number of sizes in the fit.
    pub sizes: usize,
    /// Why the data don't support the law; null if they do.
    pub unsupported: Option<String>,
}

/// A burst's size, and its time in milliseconds.
type Point = (f64, f64);

impl Scalability {
    /// Fits the law to the sizes with bursts that were answered completely.
    pub fn of(sizes: &Sizes) -> Self {
        let whole = sizes.iter().filter(|(n, size)| size.median(|burst| burst.answered as f64) == *n as f64);
        let points: Vec<Point> =
            whole.map(|(n, size)| (n as f64, size.median(|burst| burst.makespan_ms))).collect();
        fit(&points)
    }

    fn unsupported(sizes: usize, r_squared: Option<f64>, why: String) -> Self {
        Self {
            contention: None,
            coherency: None,
            peak: None,
            alone_per_s: None,
            r_squared,
            sizes,
            unsupported: Some(why),
        }
    }
}

/// Fits the law to one point per size.
fn fit(points: &[Point]) -> Scalability {
    let sizes = points.len();
    if sizes < MIN_SIZES {
        let why = format!("bursts of {sizes} sizes were answered completely, and the fit needs {MIN_SIZES}");
        return Scalability::unsupported(sizes, None, why);
    }
    let Some(law) = Law::fit(points) else {
        return Scalability::unsupported(sizes, None, "no parameters fit the bursts".to_owned());
    };
    let r_squared = rounded(law.r_squared(points), 3);
    let (n, deviation) = law.worst(points);
    // R² is meaningless if throughput hardly varies.
    if deviation.abs() > MAX_DEVIATION {
        let why = format!(
            "at {n} requests its throughput is {:.0} % off; it describes no sudden limits",
            deviation.abs() * 100.0
        );
        return Scalability::unsupported(sizes, Some(r_squared), why);
    }
    let largest = points.iter().map(|(n, _)| *n).fold(0.0, f64::max);
    Scalability {
        contention: Some(rounded(law.contention, 6)),
        coherency: Some(rounded(law.coherency, 9)),
        peak: law.peak().filter(|peak| *peak <= largest).map(|peak| rounded(peak, 1)),
        alone_per_s: Some(rounded(1e3 / law.alone_ms, 3)),
        r_squared: Some(r_squared),
        sizes,
        unsupported: None,
    }
}

/// The law's parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Law {
    alone_ms: f64,
    contention: f64,
    coherency: f64,
}

impl Law {
    /// Minimizes the squares of the times' relative errors, with 0 <= σ <= 1 and 0 <= κ.
    fn fit(points: &[Point]) -> Option<Self> {
        // A burst's time is the sum of these terms, each times its parameter. If σ is 1, the constant and σ's term become
        // one term.
        let (constant, contention, whole) = (|_| 1.0, |n: f64| n - 1.0, |n: f64| n);
        let coherency = |n: f64| n * (n - 1.0);
        let solved = |terms: &[&dyn Fn(f64) -> f64]| least_squares(points, terms);
        let candidates = [
            solved(&[&constant, &contention, &coherency]).map(|p| [p[0], p[1], p[2]]),
            solved(&[&constant, &contention]).map(|p| [p[0], p[1], 0.0]),
            solved(&[&constant, &coherency]).map(|p| [p[0], 0.0, p[1]]),
            solved(&[&constant]).map(|p| [p[0], 0.0, 0.0]),
            solved(&[&whole, &coherency]).map(|p| [p[0], p[0], p[1]]),
            solved(&[&whole]).map(|p| [p[0], p[0], 0.0]),
        ];
        let laws = candidates.into_iter().flatten().filter(|[alone, ..]| *alone > 0.0).map(
            |[alone_ms, contention, coherency]| Self {
                alone_ms,
                contention: contention / alone_ms,
                coherency: coherency / alone_ms,
            },
        );
        // An active bound is computed, and so has a rounding error.
        let allowed = laws.filter(|law| (0.0..=1.0 + 1e-9).contains(&law.contention) && law.coherency >= 0.0);
        allowed.min_by(|a, b| a.error(points).total_cmp(&b.error(points)))
    }

    /// Returns the time of a burst of `n`, in milliseconds.
    fn burst_ms(&self, n: f64) -> f64 {
        self.alone_ms * (1.0 + self.contention * (n - 1.0) + self.coherency * n * (n - 1.0))
    }

    fn error(&self, points: &[Point]) -> f64 {
        points.iter().map(|(n, took)| (self.burst_ms(*n) / took - 1.0).powi(2)).sum()
    }

    /// Returns the N of the largest throughput; `None` if throughput has no maximum.
    fn peak(&self) -> Option<f64> {
        (self.coherency > 0.0).then(|| ((1.0 - self.contention).max(0.0) / self.coherency).sqrt().max(1.0))
    }

    /// Returns the size with the largest error of the law's throughput, and the error as a share of the measured
    /// throughput.
    fn worst(&self, points: &[Point]) -> Point {
        let off = points.iter().map(|(n, took)| (*n, took / self.burst_ms(*n) - 1.0));
        off.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap_or_default()
    }

    /// Returns the coefficient of determination of the logarithm of throughput: sizes double, so throughput varies by orders
    /// of magnitude.
    fn r_squared(&self, points: &[Point]) -> f64 {
        let mean = points.iter().map(|(n, took)| (n / took).ln()).sum::<f64>() / points.len().max(1) as f64;
        let varies: f64 = points.iter().map(|(n, took)| ((n / took).ln() - mean).powi(2)).sum();
        let left: f64 = points.iter().map(|(n, took)| (took / self.burst_ms(*n)).ln().powi(2)).sum();
        if varies > 0.0 { 1.0 - left / varies } else { 0.0 }
    }
}

/// Returns the terms' coefficients by the least squares of relative errors: the normal equations are solved by Gaussian
/// elimination. `None` if the points don't determine the coefficients.
fn least_squares(points: &[Point], terms: &[&dyn Fn(f64) -> f64]) -> Option<Vec<f64>> {
    let count = terms.len();
    let mut rows = vec![vec![0.0; count + 1]; count];
    for (n, took) in points.iter().filter(|(_, took)| *took > 0.0) {
        let shares: Vec<f64> = terms.iter().map(|term| term(*n) / took).collect();
        for (row, share) in rows.iter_mut().zip(&shares) {
            for (cell, other) in row.iter_mut().zip(shares.iter().chain(&[1.0])) {
                *cell += share * other;
            }
        }
    }
    for pivot in 0..count {
        let chosen = rows[pivot].clone();
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = if index == pivot { 0.0 } else { row[pivot] / chosen[pivot] };
            row.iter_mut().zip(&chosen).for_each(|(cell, above)| *cell -= factor * above);
        }
    }
    let solved: Vec<f64> = rows.iter().enumerate().map(|(index, row)| row[count] / row[index]).collect();
    solved.iter().all(|value| value.is_finite()).then_some(solved)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOUBLED: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

    fn points(law: Law, noise: &[f64]) -> Vec<Point> {
        let noise = noise.iter().chain(std::iter::repeat(&0.0));
        DOUBLED.iter().zip(noise).map(|(n, noise)| (*n, law.burst_ms(*n) * (1.0 + noise))).collect()
    }

    proptest! {
        #[test]
        fn exact_parameters_are_recovered(alone_ms in 0.1..1e4, contention in 0.0..1.0, coherency in 0.0..0.1) {
            let law = Law { alone_ms, contention, coherency };
            let found = Law::fit(&points(law, &[])).unwrap();
            prop_assert!((found.alone_ms / alone_ms - 1.0).abs() < 1e-6, "{found:?}");
            prop_assert!((found.contention - contention).abs() < 1e-6, "{found:?}");
            prop_assert!((found.coherency - coherency).abs() < 1e-6, "{found:?}");
        }

        #[test]
        fn noisy_parameters_stay_within_bounds_and_are_optimal(
            alone_ms in 1.0..1e4, contention in 0.0..1.0, coherency in 0.0..0.1,
            noise in prop::collection::vec(-0.05..0.05, 9),
        ) {
            let points = points(Law { alone_ms, contention, coherency }, &noise);
            let found = Law::fit(&points).unwrap();
            prop_assert!((0.0..=1.0 + 1e-9).contains(&found.contention) && found.coherency >= 0.0, "{found:?}");
            let scalability = fit(&points);
            prop_assert!(scalability.unsupported.is_none(), "{scalability:?}");
            // No other law within the bounds has a smaller error.
            for step in [-0.01, 0.01] {
                for other in [
                    Law { alone_ms: found.alone_ms * (1.0 + step), ..found },
                    Law { contention: (found.contention + step).clamp(0.0, 1.0), ..found },
                    Law { coherency: (found.coherency + step).max(0.0), ..found },
                ] {
                    prop_assert!(other.error(&points) >= found.error(&points) * (1.0 - 1e-6), "{found:?} {other:?}");
                }
            }
        }

        #[test]
        fn any_points_are_accepted(points in prop::collection::vec((1.0..1e5_f64, 0.0..1e9), 0..30)) {
            fit(&points);
        }
    }

    #[test]
    fn the_peak_has_the_largest_throughput() {
        let law = Law { alone_ms: 100.0, contention: 0.04, coherency: 0.0006 };
        let found = fit(&points(law, &[]));
        assert_eq!(found.peak, Some(40.0));
        let throughput = |n: f64| n / law.burst_ms(n);
        assert!(throughput(40.0) > throughput(39.0) && throughput(40.0) > throughput(41.0));
        // A peak beyond the largest burst is not reported.
        assert_eq!(fit(&points(Law { coherency: 1e-6, ..law }, &[])).peak, None);
    }

    #[test]
    fn a_pool_does_not_support_the_law() {
        let pool = |n: f64| (n, 300.0 * (n / 40.0).ceil());
        let points: Vec<Point> = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 40.0, 41.0, 64.0, 80.0].map(pool).into();
        let why = fit(&points).unsupported.unwrap();
        assert!(why.contains("describes no sudden limits"), "{why}");
    }

    #[test]
    fn two_sizes_are_too_few() {
        let why = fit(&[(1.0, 300.0), (2.0, 600.0)]).unsupported.unwrap();
        assert_eq!(why, "bursts of 2 sizes were answered completely, and the fit needs 6");
    }
}
