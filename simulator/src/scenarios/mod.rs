//! Random bursts at the servers of [`crate::mechanism`], with the truth about each.
//!
//! A seed gives a scenario. Even seeds are for development; odd ones are for checks, and nothing is tuned on them. Some
//! servers are held out as a whole: see [`Subject::is_held_out`].

mod kinds;
mod load;
mod recording;
mod subject;
mod truth;

use judge::trace::Trace;

use crate::Random;
use crate::mechanism::{Load, Noise, Service};

pub use load::NoiseClass;
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
        let subject = Subject::of(seed);
        let mut random = Random::new(seed);
        let service = load::service(&mut random);
        let load = load::load(service, &mut random);
        let (noise, class) = load::noise(&mut random);
        let draft = subject.draft(service, load, &mut random);
        let noisy = |noise| {
            // The same seed: only the delays differ.
            crate::mechanism::burst(&mut *draft.server(), service, load, noise, &mut Random::new(!seed))
        };
        let ideal = noisy(Noise { network: 0.0, delayed: 0.0, delay: 0.0 });
        let truth = truth::truth(&draft, service, load, class, &ideal);
        let trace = recording::trace(&draft, service, load, noise, class, &noisy(noise), &mut random);
        Self { seed, subject, parameters: draft.parameters, service, load, noise, truth, trace }
    }
}

#[cfg(test)]
mod tests;
