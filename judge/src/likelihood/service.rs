//! The distribution of service times.

use super::normal::Exceedance;

/// The share of service times with a wider distribution: those that a busy machine or a rare path delays.
pub(crate) const OUTLIERS: f64 = 0.02;
/// How much later their median is, as a logarithm, in their own standard deviations.
const OUTLIER_SHIFT: f64 = 0.5;

/// A log-normal distribution with a few per cent of outliers; optionally a mixture of a quicker and a slower one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ServiceTime {
    /// The logarithm of the median, in seconds.
    pub(crate) mu: f64,
    /// The standard deviation of the logarithm.
    pub(crate) sigma: f64,
    /// The slower part: its share, and the logarithm of the ratio of the medians.
    pub(crate) slower: Option<(f64, f64)>,
}

impl ServiceTime {
    pub(crate) fn new(mu: f64, sigma: f64) -> Self {
        Self { mu, sigma, slower: None }
    }

    pub(crate) fn median(&self) -> f64 {
        self.mu.exp()
    }

    /// Returns the mean, without outliers.
    pub(crate) fn mean(&self) -> f64 {
        let one = (self.mu + self.sigma * self.sigma / 2.0).exp();
        one * self.slower.map_or(1.0, |(share, ratio)| 1.0 - share + share * ratio.exp())
    }

    /// Returns the same distribution with all times multiplied by `factor`.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { mu: self.mu + factor.ln(), ..self }
    }

    /// Returns the survival function: the probability that a request is still in service at an age.
    pub(crate) fn survival(&self) -> Survival {
        Survival {
            mu: self.mu,
            per_sigma: self.sigma.recip(),
            per_wide: self.wide().recip(),
            slower: self.slower,
            exceedance: Exceedance::new(),
        }
    }

    fn wide(&self) -> f64 {
        (3.0 * self.sigma).clamp(0.3, 1.2_f64.max(self.sigma))
    }

    /// Returns the logarithm of the density of the logarithm of a service time.
    ///
    /// `outliers` is the share of outliers.
    pub(crate) fn log_density(&self, time: f64, outliers: f64) -> f64 {
        let normal =
            |x: f64, sigma: f64| (-0.5 * x * x).exp() / (sigma * (2.0 * std::f64::consts::PI).sqrt());
        let one = |z: f64| {
            let wide = self.wide();
            (1.0 - outliers) * normal(z / self.sigma, self.sigma)
                + outliers * normal(z / wide - OUTLIER_SHIFT, wide)
        };
        let z = time.ln() - self.mu;
        let density = match self.slower {
            None => one(z),
            Some((share, ratio)) => (1.0 - share) * one(z) + share * one(z - ratio),
        };
        density.max(1e-300).ln()
    }
}

/// The survival function of a service time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Survival {
    mu: f64,
    /// The reciprocals of the spread, and of that of the outliers.
    per_sigma: f64,
    per_wide: f64,
    slower: Option<(f64, f64)>,
    exceedance: Exceedance,
}

impl Survival {
    /// Returns the probability that a request is still in service at this age.
    pub(crate) fn at(&self, age: f64) -> f64 {
        if age <= 0.0 {
            return 1.0;
        }
        let z = age.ln() - self.mu;
        match self.slower {
            None => self.part(z),
            Some((share, ratio)) => (1.0 - share) * self.part(z) + share * self.part(z - ratio),
        }
    }

    fn part(&self, z: f64) -> f64 {
        (1.0 - OUTLIERS) * self.exceedance.of(z * self.per_sigma)
            + OUTLIERS * self.exceedance.of(z * self.per_wide - OUTLIER_SHIFT)
    }
}
