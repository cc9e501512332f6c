//! What is right to say about a scenario.

use judge::mechanism::{Mechanism, Name};
use judge::verdict::Kind;

use super::draft::{Draft, Knobs};
use super::kinds::Makespans;
use super::load::NoiseClass;
use super::subject::Subject;
use crate::Random;
use crate::mechanism::pool::Pool;
use crate::mechanism::unlimited::Unlimited;
use crate::mechanism::{Burst, Load, Noise, Server, Service, burst};

/// What is right to say about a burst.
#[derive(Debug, Clone)]
pub struct Truth {
    /// The mechanism; `None` if no model of the judge describes the server.
    pub mechanism: Option<Name>,
    /// The mechanisms that count as right: they give the same times, or describe what the burst shows.
    pub class: Vec<Name>,
    /// The right kinds: two if the burst is at the border between them.
    pub kinds: Vec<Kind>,
    /// The number of requests that were served at a time, where one number says it.
    pub k: Option<f64>,
    /// The workers of a pool whose services no model of the judge describes, that was full-grown early, or whose connections
    /// stuck to its processes so evenly that none ran out of work: to say a pool of about so many is right.
    pub pool: Option<f64>,
    /// The spread of service times: about the standard deviation of their logarithm.
    pub spread: f64,
    /// Whether the burst exceeded the server's limit.
    pub exceeds: bool,
    /// What disturbed it.
    pub noise: NoiseClass,
}

impl Truth {
    /// Whether it is right to say this mechanism.
    pub fn allows(&self, said: &Mechanism) -> bool {
        let is_pool = |workers: f64| {
            let said = said.parameters.workers.filter(|_| said.name == Name::WorkerPool);
            said.is_some_and(|said| (said / workers - 1.0).abs() <= SAME_SIZE)
        };
        said.class().any(|name| self.class.contains(&name)) || self.pool.is_some_and(is_pool)
    }
}

const QUIET: Noise = Noise { network: 0.0, delayed: 0.0, delay: 0.0 };

/// Numbers of workers that differ by less than this share are about the same.
const SAME_SIZE: f64 = 0.15;

/// The answers of two servers come at the same times if these differ, on average, by less than this share of the makespan.
const SAME_TIMES: f64 = 0.02;

/// What ends in this share of a burst ends early.
const EARLY: f64 = 0.1;

/// Below this spread, service times count as constant.
const STEADY: f64 = 0.05;

/// Returns the truth about the burst that `fire` fires at a server, with noise or without.
pub(super) fn truth(
    draft: &Draft,
    service: Service,
    load: Load,
    (noise, class): (Noise, NoiseClass),
    fire: impl Fn(&mut dyn Server, Noise) -> Burst,
) -> Truth {
    let alone = alone(draft, service.mean());
    // Noise changes what some servers do: late requests miss their batch. So both bursts count.
    let makespans = |noise: Noise, burst: &Burst| {
        let mut unlimited = Unlimited::new().adding((alone - service.mean()).max(0.0));
        let unlimited = fire(&mut unlimited, noise).makespan();
        let alone = alone + noise.network + noise.delayed * noise.delay;
        Makespans::new(burst.makespan(), unlimited, load, alone)
    };
    let ideal = fire(&mut *draft.server(), QUIET);
    let noisy = fire(&mut *draft.server(), noise);
    let facts = Facts {
        makespans: [makespans(QUIET, &ideal), makespans(noise, &noisy)],
        waited: waited(&ideal) > 0.05 * service.mean(),
        refused: noisy.requests.iter().any(|request| request.status != 200),
        steady: service.spread() <= STEADY,
        together: load.spacing == 0.0 && load.c == load.n,
        mean: service.mean(),
    };
    let exceeds = facts.exceeds(draft);
    let k = draft.knobs.k.map(|k| k as f64);
    let has_k = match draft.subject {
        Subject::OneWorker | Subject::Priority => facts.waited,
        Subject::Named(Name::WorkerPool) => facts.waited,
        Subject::Named(Name::SharedCpu) => exceeds,
        Subject::Named(Name::Batching) => exceeds,
        _ => false,
    };
    Truth {
        mechanism: match draft.subject {
            Subject::Named(name) => Some(name),
            Subject::OneWorker => Some(Name::WorkerPool),
            _ => None,
        },
        class: facts.class(draft, load),
        kinds: facts.kinds(draft, load),
        k: k.filter(|_| has_k),
        pool: facts.pool(draft, |k| {
            let pool = fire(&mut Pool::new(k), QUIET);
            pool.mean_difference(&ideal) <= SAME_TIMES * pool.makespan()
        }),
        spread: service.spread(),
        exceeds,
        noise: class,
    }
}

/// The kinds, with this one added if it is missing.
fn with(kind: Kind, mut kinds: Vec<Kind>) -> Vec<Kind> {
    if !kinds.contains(&kind) {
        kinds.push(kind);
    }
    kinds
}

/// The mean time of a request alone, in seconds: the server may add to the service time.
fn alone(draft: &Draft, mean: f64) -> f64 {
    let one = Load { n: 1, c: 1, spacing: 0.0 };
    if matches!(draft.subject, Subject::Named(Name::UnevenBackends)) {
        return mean;
    }
    burst(&mut *draft.idle(), Service::Constant(mean), one, QUIET, &mut Random::new(0)).makespan()
}

/// The longest wait for service, where the server tells; in seconds.
fn waited(burst: &Burst) -> f64 {
    let waits = burst.requests.iter().filter_map(|request| Some(request.began? - request.sent));
    waits.fold(0.0, f64::max)
}

/// What the truth follows from.
struct Facts {
    /// The burst's, without noise and with it.
    makespans: [Makespans; 2],
    /// Whether a request waited for a worker for more than 5 % of the mean service time.
    waited: bool,
    refused: bool,
    steady: bool,
    /// Whether all requests were sent at once.
    together: bool,
    mean: f64,
}

impl Facts {
    /// Whether the limit made the burst visibly longer.
    fn is_longer(&self) -> bool {
        self.makespans.iter().all(Makespans::exceeds)
    }

    /// The kinds that follow from the makespans.
    fn served(&self) -> Vec<Kind> {
        let [kinds, others] = self.makespans.map(|makespans| makespans.kinds());
        others.into_iter().fold(kinds, |kinds, other| with(other, kinds))
    }

    fn exceeds(&self, draft: &Draft) -> bool {
        use Name::*;
        match draft.subject {
            Subject::OneWorker | Subject::Priority | Subject::Named(WorkerPool) => self.waited,
            Subject::Named(ConcurrencyCap | QueueDeadline | RateCap) => self.refused || self.waited,
            Subject::Named(None | UnevenBackends | SingleFlight | RandomFailures) => false,
            Subject::Named(ColdStart | WarmPool | Pause) => false,
            _ => self.is_longer(),
        }
    }

    fn kinds(&self, draft: &Draft, load: Load) -> Vec<Kind> {
        use Name::*;
        match draft.subject {
            Subject::OneWorker if self.waited => vec![Kind::Sequential],
            // A burst that a pool's limit makes no longer is parallel for its user.
            Subject::Named(WorkerPool) | Subject::Priority
                if self.waited && self.makespans[0].is_parallel() =>
            {
                vec![Kind::Limited, Kind::Parallel]
            }
            Subject::Named(WorkerPool) if self.waited => vec![Kind::Limited],
            Subject::OneWorker | Subject::Named(WorkerPool) => vec![Kind::Parallel],
            Subject::Named(ConcurrencyCap | QueueDeadline | RateCap) if self.refused => vec![Kind::Refused],
            Subject::Named(
                None | ColdStart | Pause | UnevenBackends | SingleFlight | WarmPool | RandomFailures,
            ) => vec![Kind::Parallel],
            // Nothing is limited, but this delay grows with the burst, or is added to a long last answer.
            Subject::ContendedStarts | Subject::Ticking => with(Kind::Parallel, self.served()),
            // Few draws, one for each batch: their makespan may be that of the longest request without limit.
            Subject::Named(Batching) if draft.knobs.k.is_some_and(|k| load.c > k) => {
                with(Kind::Limited, self.served())
            }
            _ => self.served(),
        }
    }

    /// `is_same` tells whether a pool of this size would have answered at the same times.
    fn pool(&self, draft: &Draft, is_same: impl Fn(usize) -> bool) -> Option<f64> {
        let Knobs { k, to, delay, .. } = draft.knobs;
        let workers = match draft.subject {
            Subject::Congested | Subject::Drift | Subject::Phases => k,
            Subject::Named(Name::Growth) => to.filter(|_| delay <= EARLY * self.makespans[0].burst),
            Subject::Named(Name::StickyConnections) => k.filter(|k| is_same(*k)),
            _ => None,
        };
        workers.map(|workers| workers as f64)
    }

    fn class(&self, draft: &Draft, load: Load) -> Vec<Name> {
        use Name::*;
        let knobs = draft.knobs;
        let same_times: Vec<Name> = match draft.subject {
            Subject::OneWorker if self.steady => {
                vec![WorkerPool, Lock, RateLimit, Throughput, SlowAccept]
            }
            Subject::OneWorker => vec![WorkerPool, Lock],
            Subject::Priority => vec![WorkerPool, InnerPool],
            // The slower of two pools decides when answers come.
            Subject::Tandem => vec![InnerPool, WorkerPool, Lock],
            Subject::ContendedStarts => vec![ColdStart, SlowAccept],
            Subject::Congested | Subject::Ticking | Subject::Drift | Subject::Phases => vec![],
            Subject::Named(name) => match name {
                WorkerPool if self.steady => vec![WorkerPool, InnerPool, Batching],
                WorkerPool => vec![WorkerPool, InnerPool],
                InnerPool if knobs.share > 0.9 && self.steady => vec![InnerPool, WorkerPool, Batching],
                InnerPool => vec![InnerPool, WorkerPool],
                Lock if knobs.share > 0.9 && self.steady => {
                    vec![Lock, WorkerPool, RateLimit, Throughput, SlowAccept]
                }
                Lock if knobs.share > 0.9 => vec![Lock, WorkerPool],
                Lock if self.steady => vec![Lock, RateLimit, Throughput, SlowAccept],
                Lock => vec![Lock, InnerPool],
                RateLimit if knobs.bucket > 1 => vec![RateLimit],
                RateLimit | Throughput | SlowAccept => {
                    let mut class = vec![RateLimit, Lock, Throughput, SlowAccept];
                    // Then each request begins as the one before it ends.
                    if knobs.gap.is_some_and(|gap| (gap / self.mean - 1.0).abs() < 0.15) {
                        class.push(WorkerPool);
                    }
                    class
                }
                SharedCpu if self.steady && self.together => vec![SharedCpu, ColdStart, Pause],
                ColdStart | Pause if self.steady && self.together => vec![ColdStart, Pause, SharedCpu],
                ColdStart | Pause => vec![ColdStart, Pause],
                WarmPool => vec![WarmPool, ColdStart, UnevenBackends],
                UnevenBackends => vec![UnevenBackends, WarmPool, None],
                RandomFailures => vec![RandomFailures, None],
                Batching if self.steady => vec![Batching, WorkerPool],
                // Among refusals, the answered requests were still served by a pool.
                ConcurrencyCap | QueueDeadline if knobs.bucket == 0 && name == ConcurrencyCap => {
                    vec![ConcurrencyCap, RateCap, WorkerPool]
                }
                ConcurrencyCap | QueueDeadline => vec![name, WorkerPool],
                RateCap => vec![RateCap, ConcurrencyCap],
                name => vec![name],
            },
        };
        if self.shows_nothing(draft, load) {
            return same_times.into_iter().chain([None, SingleFlight]).collect();
        }
        match draft.subject {
            Subject::Named(ConcurrencyCap | QueueDeadline) if !self.refused => vec![WorkerPool, InnerPool],
            _ => same_times,
        }
    }

    /// Whether the burst looks like one at a server without limit.
    fn shows_nothing(&self, draft: &Draft, load: Load) -> bool {
        use Name::*;
        let knobs = draft.knobs;
        match draft.subject {
            // No limit is right to say of answers that leave in ticks.
            Subject::Ticking => true,
            Subject::Named(None | SingleFlight | UnevenBackends | RandomFailures) => true,
            Subject::Named(ColdStart | Pause) => knobs.delay < 0.1 * self.mean,
            Subject::Named(WarmPool) => knobs.k.is_some_and(|k| load.c <= k),
            Subject::Named(WorkerPool | Batching) | Subject::OneWorker | Subject::Priority => {
                !self.waited && !self.is_longer()
            }
            Subject::Named(ConcurrencyCap | QueueDeadline | RateCap) => !self.refused && !self.is_longer(),
            _ => !self.is_longer(),
        }
    }
}
