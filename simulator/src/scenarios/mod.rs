//! Random bursts at the servers of [`crate::mechanism`], with the truth about each.
//!
//! A seed gives a scenario. Even seeds are for development; odd ones are for checks, and nothing is tuned on them. Some
//! servers are held out as a whole: see [`Subject::is_held_out`].

mod draft;
mod kinds;
mod load;
mod named;
mod parameters;
mod recording;
mod subject;
mod truth;

use judge::trace::Trace;

use crate::Random;
use crate::mechanism::{Load, Noise, Server, Service, burst};

pub(crate) use draft::Draft;
pub use load::NoiseClass;
pub(crate) use load::noise;
pub use subject::Subject;
pub use truth::Truth;

/// A burst at a simulated server, with the truth about it.
#[derive(Debug)]
pub struct Scenario {
    /// The seed that gives this scenario.
    pub seed: u64,
    /// What kind of server it is.
    pub subject: Subject,
    /// The server's parameters, in words.
    pub parameters: String,
    /// The distribution of service times.
    pub service: Service,
    /// What is sent.
    pub load: Load,
    /// What disturbs it.
    pub noise: Noise,
    /// What is right to say about it.
    pub truth: Truth,
    /// The burst as the load generator records it.
    pub trace: Trace,
}

impl Scenario {
    /// The scenario of a seed. Seeds go through all subjects in turn.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let service = load::service(&mut random);
        let load = load::load(service, &mut random);
        Self::of(seed, service, load, random)
    }

    /// The scenario of a seed with `n` requests, all at once: for measuring how long a judge takes.
    pub fn together(seed: u64, n: usize) -> Self {
        let mut random = Random::new(seed);
        let service = load::service(&mut random);
        Self::of(seed, service, Load { n, c: n, spacing: 0.0 }, random)
    }

    fn of(seed: u64, service: Service, load: Load, mut random: Random) -> Self {
        let subject = Subject::of(seed);
        let (noise, class) = load::noise(&mut random);
        let draft = subject.draft(service, load, &mut random);
        // The same seed each time: servers and noises differ, service times don't.
        let fire =
            |server: &mut dyn Server, noise| burst(server, service, load, noise, &mut Random::new(!seed));
        let truth = truth::truth(&draft, service, load, (noise, class), fire);
        let burst = fire(&mut *draft.server(), noise);
        let trace = recording::trace(&draft, service, load, noise, class, &burst, &mut random);
        Self { seed, subject, parameters: draft.parameters, service, load, noise, truth, trace }
    }
}

#[cfg(test)]
mod tests;
