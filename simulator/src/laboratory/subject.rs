//! The servers of the laboratory.

use judge::experiment::{Budget, Diagnosis, Planner, Spent, Step};
use judge::mechanism::Name;

use super::bench::{Abilities, Laboratory};
use super::truth::{self, Verdict};
use crate::Random;
use crate::mechanism::places::{OfEndpoint, OfFreshConnections, OfSession};
use crate::mechanism::pool::Pool;
use crate::mechanism::unlimited::Unlimited;
use crate::mechanism::{Load, Noise, Server, Service};
use crate::scenarios::{Draft, NoiseClass, Subject, noise};

/// A kind of server in the laboratory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One of the servers that single bursts are fired at, too.
    Of(Subject),
    /// A lock for each session.
    SessionLock,
}

/// The size of bursts that limits are drawn for.
const BURST: usize = 40;
/// Mean service times, in milliseconds.
const SERVICE: (usize, usize) = (20, 1_000);

/// A server with its noise, and what can be sent to it.
pub struct Case {
    /// The kind of server.
    pub kind: Kind,
    /// Its parameters, in words.
    pub parameters: String,
    /// Its service times.
    pub service: Service,
    /// What disturbs it.
    pub noise: Noise,
    /// The class of what disturbs it.
    pub noise_class: NoiseClass,
    /// What can be sent to it.
    pub abilities: Abilities,
    pub(super) draft: Draft,
    seed: u64,
    pause_in: usize,
}

impl Kind {
    /// The kind of a seed: each has its turn, with even and with odd seeds.
    pub fn of(seed: u64) -> Self {
        let all = Subject::ALL.len() as u64 + 1;
        match Subject::ALL.get((seed / 2 % all) as usize) {
            Some(subject) => Self::Of(*subject),
            None => Self::SessionLock,
        }
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Of(subject) => subject.name(),
            Self::SessionLock => "lock of a session",
        }
    }

    /// Whether no model of the judge describes it.
    pub fn is_outside(self) -> bool {
        matches!(self, Self::Of(subject) if subject.is_outside())
    }
}

impl Case {
    /// The case of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xD1A6);
        let kind = Kind::of(seed);
        let mean = random.log_uniform(SERVICE.0, SERVICE.1) as f64 / 1e3;
        // The standard deviation of the logarithm is at most a half.
        let service = match (random.uniform() * 4.0) as usize {
            0 => Service::Constant(mean),
            1 => Service::Uniform(mean, random.between(0.0, 0.5)),
            2 => Service::Gamma(mean, random.log_uniform(4, 200) as f64),
            _ => Service::LogNormal(mean, random.between(0.02, 0.5)),
        };
        let (noise, noise_class) = noise(&mut random);
        let subject = match kind {
            Kind::Of(subject) => subject,
            Kind::SessionLock => Subject::OneWorker,
        };
        let load = Load { n: BURST, c: BURST, spacing: 0.0 };
        let draft = subject.draft(service, load, &mut random);
        let abilities = Abilities {
            also: random.chance(0.5).then(|| random.between(0.3, 0.8)),
            other_header: kind == Kind::SessionLock || random.chance(0.3),
            http2: random.chance(0.3),
        };
        let pause_in = 1 + usize::from(random.chance(0.7));
        let parameters = draft.parameters.clone();
        Self { kind, parameters, service, noise, noise_class, abilities, draft, seed, pause_in }
    }

    /// The server. Limits are those of the endpoint or of the whole server, as they commonly are.
    pub(super) fn server(&self) -> Box<dyn Server> {
        let knobs = self.draft.knobs;
        let server = self.draft.server();
        let Kind::Of(Subject::Named(name)) = self.kind else {
            return match self.kind {
                Kind::SessionLock => Box::new(OfSession::new(|| Box::new(Pool::new(1)))),
                Kind::Of(_) => server,
            };
        };
        match name {
            Name::Lock | Name::InnerPool | Name::Batching | Name::SingleFlight => {
                Box::new(OfEndpoint(server))
            }
            Name::SlowAccept => Box::new(OfFreshConnections(server)),
            Name::Growth => {
                let from = knobs.k.unwrap_or(1);
                let to = knobs.to.unwrap_or(from + 1);
                let interval = knobs.delay / (to - from).max(1) as f64;
                Box::new(Pool::new(from).growing(interval, to).while_waiting())
            }
            Name::Pause => {
                let from = self.pause_from();
                Box::new(Unlimited::new().pausing(from, knobs.delay).in_experiment(self.pause_in))
            }
            _ => server,
        }
    }

    fn pause_from(&self) -> f64 {
        0.9 * self.service.mean() * Random::new(self.seed).uniform()
    }

    /// Finds out why the server serves as it does, with an account of what was done.
    pub fn diagnose(&self, budget: Budget) -> Outcome {
        let mut random = Random::new(!self.seed);
        let lag = if self.noise_class == NoiseClass::Neighbours { 5_000.0 } else { 300.0 };
        let mut laboratory =
            Laboratory::new(self.server(), self.service, self.noise, lag, self.abilities, &mut random);
        let alone = laboratory.measure_alone();
        let planner = Planner {
            service_ms: laboratory.service_ms(),
            alone,
            abilities: judge::experiment::Abilities {
                also: laboratory.also(),
                other_header: self.abilities.other_header,
                http2: self.abilities.http2,
            },
            budget,
        };
        let mut seen = Vec::new();
        let ended = loop {
            let (requests, time) = laboratory.spent();
            match planner.next(&seen, Spent { requests, time }) {
                Step::Fire(experiment) => seen.push(laboratory.fire(&experiment)),
                Step::Done(end) => break end,
            }
        };
        let diagnosis = planner.diagnosis(&seen, ended);
        let (requests, time) = laboratory.spent();
        let largest = seen.iter().filter_map(|one| one.experiment.parts.first()).map(|part| part.n).max();
        let refused =
            seen.iter().flat_map(|one| &one.traces).any(|trace| trace.answered().count() < trace.rows.len());
        let allowed = truth::allowed(self, largest.unwrap_or(0), refused);
        let verdict = truth::verdict(&allowed, &diagnosis);
        Outcome { diagnosis, allowed, verdict, requests, seconds: time.as_secs_f64() }
    }
}

/// What became of a case.
pub struct Outcome {
    /// The diagnosis.
    pub diagnosis: Diagnosis,
    /// The mechanisms that are right to name.
    pub allowed: Vec<Name>,
    /// Whether the diagnosis is right.
    pub verdict: Verdict,
    /// The number of requests.
    pub requests: usize,
    /// The simulated time, in seconds.
    pub seconds: f64,
}
