//! Distributions of service times.

/// A distribution of service times. Their median and their spread are parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    LogNormal,
    Uniform,
    Gamma,
}

/// Half the width of a uniform distribution whose standard deviation is 1.
const HALF_WIDTH: f64 = 1.732_050_8;
/// The least service time, as a multiple of the median.
const LEAST_TIME: f64 = 0.02;

impl Shape {
    /// Returns the service time, as a multiple of the median, that belongs to a normal number.
    pub(super) fn time(self, normal: f64, spread: f64) -> f64 {
        match self {
            Self::LogNormal => (spread * normal).exp(),
            // The normal distribution function: Bowling and others, "A logistic approximation to the cumulative normal
            // distribution", 2009.
            Self::Uniform => {
                let rank = 1.0 / (1.0 + (-0.07056 * normal.powi(3) - 1.5976 * normal).exp());
                (1.0 + HALF_WIDTH * spread * (2.0 * rank - 1.0)).max(LEAST_TIME)
            }
            // Wilson and Hilferty, "The distribution of chi-square", 1931.
            Self::Gamma => {
                let ninth = spread * spread / 9.0;
                let root = (1.0 - ninth + normal * ninth.sqrt()) / (1.0 - ninth);
                root.max(0.0).powi(3).max(LEAST_TIME)
            }
        }
    }
}
