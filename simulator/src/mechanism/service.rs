//! Distributions of service times.

use crate::Random;

/// A distribution of service times, with its mean in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Service {
    /// Always the same.
    Constant(f64),
    /// Uniform, by a share to either side of the mean.
    Uniform(f64, f64),
    /// Gamma, with this shape: the coefficient of variation is the shape to the power of -1/2.
    Gamma(f64, f64),
    /// Log-normal, with this standard deviation of the logarithm.
    LogNormal(f64, f64),
}

impl Service {
    /// The mean, in seconds.
    pub fn mean(self) -> f64 {
        match self {
            Self::Constant(mean)
            | Self::Uniform(mean, _)
            | Self::Gamma(mean, _)
            | Self::LogNormal(mean, _) => mean,
        }
    }

    /// About the standard deviation of the logarithm.
    pub fn spread(self) -> f64 {
        match self {
            Self::Constant(_) => 0.0,
            Self::Uniform(_, share) => share / 3.0_f64.sqrt(),
            Self::Gamma(_, shape) => shape.powf(-0.5),
            Self::LogNormal(_, sigma) => sigma,
        }
    }

    /// A service time, in seconds.
    pub fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::Constant(mean) => mean,
            Self::Uniform(mean, share) => mean * random.between(1.0 - share, 1.0 + share),
            Self::Gamma(mean, shape) => mean / shape * gamma(shape, random),
            Self::LogNormal(mean, sigma) => mean * (sigma * random.normal() - sigma * sigma / 2.0).exp(),
        }
    }
}

/// A gamma variate of scale 1 and a shape of at least 1.
///
/// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
fn gamma(shape: f64, random: &mut Random) -> f64 {
    let d = shape.max(1.0) - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = random.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && random.uniform().max(f64::MIN_POSITIVE).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distribution_has_its_mean_and_spread() {
        let mut random = Random::new(7);
        for service in [
            Service::Constant(0.2),
            Service::Uniform(0.2, 0.5),
            Service::Gamma(0.2, 4.0),
            Service::LogNormal(0.2, 0.8),
        ] {
            let draws: Vec<f64> = (0..40_000).map(|_| service.draw(&mut random)).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            assert!((mean / service.mean() - 1.0).abs() < 0.02, "{service:?}: {mean}");
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            // The coefficient of variation of a log-normal variate is not sigma, but this function of it.
            let expected = match service {
                Service::LogNormal(_, sigma) => ((sigma * sigma).exp() - 1.0).sqrt(),
                other => other.spread(),
            };
            assert!((variance.sqrt() / mean - expected).abs() < 0.03, "{service:?}");
        }
    }
}
