//! Random service times, loads and disturbances.

use crate::Random;
use crate::mechanism::{Load, Noise, Service};

/// What disturbs a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoiseClass {
    /// A network of up to 0.2 ms each way.
    Quiet,
    /// The same, and a busy machine: 3 % of the requests and answers are delayed by up to 30 ms.
    Neighbours,
    /// A network of up to 1 to 10 ms each way.
    Jitter,
}

impl NoiseClass {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::Quiet, Self::Neighbours, Self::Jitter];

    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Neighbours => "noisy neighbours",
            Self::Jitter => "jittery arrival",
        }
    }
}

/// A mean from 20 ms to 2 s, and a distribution of any spread up to 1.
pub(super) fn service(random: &mut Random) -> Service {
    let mean = random.log_uniform(20, 2_000) as f64 / 1e3;
    match (random.uniform() * 4.0) as usize {
        0 => Service::Constant(mean),
        1 => Service::Uniform(mean, random.between(0.0, 0.5)),
        2 => Service::Gamma(mean, random.log_uniform(2, 200) as f64),
        _ => Service::LogNormal(mean, random.between(0.02, 1.0)),
    }
}

/// 10 to 300 requests: most often all at once, at times in a closed loop or spaced.
pub(super) fn load(service: Service, random: &mut Random) -> Load {
    let n = random.log_uniform(10, 300);
    let c = if random.chance(0.15) { random.log_uniform(2, n) } else { n };
    let span = if random.chance(0.1) { service.mean() * random.between(0.1, 1.5) } else { 0.0 };
    Load { n, c, spacing: span / c as f64 }
}

pub(crate) fn noise(random: &mut Random) -> (Noise, NoiseClass) {
    let network = 0.0002;
    match (random.uniform() * 4.0) as usize {
        0..2 => (Noise { network, delayed: 0.0, delay: 0.0 }, NoiseClass::Quiet),
        2 => (Noise { network, delayed: 0.03, delay: 0.03 }, NoiseClass::Neighbours),
        _ => (Noise { network: random.between(0.001, 0.01), delayed: 0.0, delay: 0.0 }, NoiseClass::Jitter),
    }
}
