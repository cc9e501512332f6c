//! The servers of scenarios: their names, and random parameters for each.

use judge::mechanism::Name;

use crate::Random;
use crate::mechanism::batching::Batching;
use crate::mechanism::instances::ColdStart;
use crate::mechanism::lock::{Held, Lock};
use crate::mechanism::outside::{Change, Changing, Congested, Priority, Tandem, Ticking};
use crate::mechanism::paced::{Cost, Excess, Rate};
use crate::mechanism::pool::{Order, Pool, Sticky};
use crate::mechanism::shared_cpu::SharedCpu;
use crate::mechanism::unlimited::{SingleFlight, Unlimited};
use crate::mechanism::{Load, Server, Service};

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A mechanism that the judge can name.
    Named(Name),
    /// A pool of one: an event loop that is blocked, or a lock over the whole handler.
    OneWorker,
    /// A pool in which waiting requests slow down those in service.
    Congested,
    /// Answers leave in ticks.
    Ticking,
    /// Cold starts that slow each other down.
    ContendedStarts,
    /// A pool that prefers some connections.
    Priority,
    /// A pool that becomes slower during the burst.
    Drift,
    /// Two pools, one after the other.
    Tandem,
    /// A pool with fast and slow phases.
    Phases,
}

/// A server with its parameters.
pub(crate) struct Draft {
    pub(crate) subject: Subject,
    pub(crate) parameters: String,
    pub(crate) knobs: Knobs,
    make: Box<dyn Fn() -> Box<dyn Server>>,
    idle: Box<dyn Fn() -> Box<dyn Server>>,
}

/// The parameters that the truth depends on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Knobs {
    /// The workers, cores, or requests of a batch.
    pub(crate) k: Option<usize>,
    /// The gap between two starts or answers, in seconds.
    pub(crate) gap: Option<f64>,
    /// The size of a rate limit's bucket.
    pub(crate) bucket: usize,
    /// The share of the service time that is held.
    pub(crate) share: f64,
    /// The fixed delay, in seconds; of a growing pool, the time until it has grown.
    pub(crate) delay: f64,
    /// The workers of a growing pool in the end.
    pub(crate) to: Option<usize>,
}

impl Knobs {
    /// So many workers, and nothing else.
    fn of(k: usize) -> Self {
        Self { k: Some(k), ..Self::default() }
    }
}

impl Draft {
    fn new<S: Server + 'static>(
        subject: Subject,
        parameters: String,
        knobs: Knobs,
        make: impl Fn() -> S + Clone + 'static,
    ) -> Self {
        let idle = make.clone();
        Self {
            subject,
            parameters,
            knobs,
            make: Box::new(move || Box::new(make())),
            idle: Box::new(move || Box::new(idle())),
        }
    }

    /// The same, with another server for the requests alone.
    fn alone<S: Server + 'static>(self, idle: impl Fn() -> S + 'static) -> Self {
        Self { idle: Box::new(move || Box::new(idle())), ..self }
    }

    /// The server, as the burst meets it.
    pub(crate) fn server(&self) -> Box<dyn Server> {
        (self.make)()
    }

    /// The server, as a request alone meets it.
    pub(super) fn idle(&self) -> Box<dyn Server> {
        (self.idle)()
    }
}

impl Subject {
    /// All subjects: those that the judge can name first.
    pub const ALL: [Self; 28] = [
        Self::Named(Name::None),
        Self::Named(Name::WorkerPool),
        Self::OneWorker,
        Self::Named(Name::RateLimit),
        Self::Named(Name::Lock),
        Self::Named(Name::InnerPool),
        Self::Named(Name::SharedCpu),
        Self::Named(Name::Throughput),
        Self::Named(Name::SlowAccept),
        Self::Named(Name::Batching),
        Self::Named(Name::ColdStart),
        Self::Named(Name::WarmPool),
        Self::Named(Name::Growth),
        Self::Named(Name::UnevenBackends),
        Self::Named(Name::Pause),
        Self::Named(Name::StickyConnections),
        Self::Named(Name::SingleFlight),
        Self::Named(Name::ConcurrencyCap),
        Self::Named(Name::QueueDeadline),
        Self::Named(Name::RateCap),
        Self::Named(Name::RandomFailures),
        Self::Congested,
        Self::Ticking,
        Self::ContendedStarts,
        Self::Priority,
        Self::Drift,
        Self::Tandem,
        Self::Phases,
    ];

    /// The subject of a seed: each has its turn, with even and with odd seeds.
    pub fn of(seed: u64) -> Self {
        Self::ALL[(seed / 2 % Self::ALL.len() as u64) as usize]
    }

    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Named(name) => name.as_str(),
            Self::OneWorker => "worker_pool of 1",
            Self::Congested => "congested pool",
            Self::Ticking => "answers in ticks",
            Self::ContendedStarts => "contended cold starts",
            Self::Priority => "priority by connection",
            Self::Drift => "pool that slows down",
            Self::Tandem => "two pools in series",
            Self::Phases => "fast and slow phases",
        }
    }

    /// Whether no model of the judge describes it.
    pub fn is_outside(self) -> bool {
        !matches!(self, Self::Named(_) | Self::OneWorker)
    }

    /// Whether nothing may be tuned on it: calibration leaves it out.
    pub fn is_held_out(self) -> bool {
        matches!(
            self,
            Self::Named(Name::InnerPool | Name::StickyConnections | Name::Growth | Name::Pause)
                | Self::Tandem
                | Self::Phases
                | Self::Drift
        )
    }

    /// Random parameters.
    pub(crate) fn draft(self, service: Service, load: Load, random: &mut Random) -> Draft {
        let mean = service.mean();
        let (n, requests) = (load.c, load.n);
        match self {
            Self::Named(name) => self.named(name, mean, n, random),
            Self::OneWorker => pool(self, 1, Order::Fifo),
            Self::Congested => {
                // The first of all requests takes 1.5 to 4 times as long as the last.
                let (k, share) = (workers(n, random), random.between(0.5, 3.0) / n as f64);
                let text = format!("{k} workers, {share:.3} more for each waiting");
                Draft::new(self, text, Knobs::of(k), move || Congested::new(k, share))
            }
            Self::Ticking => {
                let tick = mean * random.between(0.2, 1.0);
                let knobs = Knobs { delay: tick, ..Knobs::default() };
                Draft::new(self, format!("a tick every {tick:.3} s"), knobs, move || Ticking::new(tick))
            }
            Self::ContendedStarts => {
                let (start, contention) = (mean * random.between(0.5, 2.0), random.between(0.02, 0.2));
                let text = format!("{start:.3} s, {contention:.2} more for each other");
                Draft::new(self, text, Knobs::default(), move || {
                    ColdStart::new(1, start).contended(contention)
                })
            }
            Self::Priority => {
                let k = workers(n, random);
                Draft::new(self, format!("{k} workers"), Knobs::of(k), move || Priority::new(k))
            }
            Self::Drift => {
                // Services become longer by this rate's exponential: in the end 1.3 to 4 times as long.
                let k = workers(n, random);
                let rate = random.between(0.3, 1.4) * k as f64 / (requests as f64 * mean);
                let text = format!("{k} workers, {rate:.3} slower each second");
                Draft::new(self, text, Knobs::of(k), move || Changing::new(k, Change::Drift(rate)))
            }
            Self::Tandem => {
                let (first, second) = (workers(n, random), workers(n, random));
                let share = random.between(0.2, 0.8);
                let text = format!("{first} workers for {share:.2} of the time, then {second}");
                Draft::new(self, text, Knobs::default(), move || Tandem::new([first, second], share))
            }
            Self::Phases => {
                let (k, seconds) = (workers(n, random), mean * random.between(1.5, 4.0));
                let factor = random.between(1.8, 4.0);
                let text = format!("{k} workers, {factor:.1} times as slow in every other {seconds:.3} s");
                let change = Change::Phases(seconds, factor);
                Draft::new(self, text, Knobs::of(k), move || Changing::new(k, change))
            }
        }
    }

    fn named(self, name: Name, mean: f64, n: usize, random: &mut Random) -> Draft {
        let none = Knobs::default();
        match name {
            Name::WorkerPool => {
                let k = random.log_uniform(2, 64);
                let order = match (random.uniform() * 5.0) as usize {
                    0 => Order::Lifo,
                    1 => Order::Random,
                    _ => Order::Fifo,
                };
                pool(self, k, order)
            }
            Name::RateLimit => {
                let gap = mean * random.log_uniform(20, 2_000) as f64 / 1e3;
                let bucket = if random.chance(0.6) { 1 } else { random.log_uniform(2, 20) };
                let knobs = Knobs { gap: Some(gap), bucket, ..none };
                let text = format!("{:.2} a second, bucket of {bucket}", 1.0 / gap);
                Draft::new(self, text, knobs, move || Rate::new(1.0 / gap, bucket, Excess::Delayed))
            }
            Name::Lock | Name::InnerPool => {
                let k = if name == Name::Lock { 1 } else { random.log_uniform(2, 16) };
                let share = random.between(0.1, 1.0);
                let held = if random.chance(0.5) { Held::First } else { Held::Last };
                let knobs = Knobs { k: Some(k), share, gap: Some(mean * share / k as f64), ..none };
                let text = format!("{share:.2} of the time, by {k}, {held:?}");
                Draft::new(self, text, knobs, move || Lock::new(share, k, held))
            }
            Name::SharedCpu => {
                let k = random.log_uniform(1, 32);
                let knobs = Knobs { k: Some(k), ..none };
                Draft::new(self, format!("{k} cores"), knobs, move || SharedCpu::new(k))
            }
            Name::Throughput | Name::SlowAccept => {
                // A cost far below the service time, or as much.
                let high = if name == Name::Throughput { 1_000 } else { 300 };
                let gap = mean * random.log_uniform(10, high) as f64 / 1e3;
                let knobs = Knobs { gap: Some(gap), bucket: 1, ..none };
                Draft::new(self, format!("{gap:.4} s for each"), knobs, move || Cost::new(gap))
            }
            Name::Batching => {
                let (k, gather) = (random.log_uniform(2, 32), mean * random.between(0.01, 0.3));
                let knobs = Knobs { k: Some(k), ..none };
                Draft::new(self, format!("{k} together, gathered for {gather:.3} s"), knobs, move || {
                    Batching::new(k, gather)
                })
            }
            Name::ColdStart => {
                let delay = mean * random.between(0.3, 5.0);
                let knobs = Knobs { delay, k: Some(1), ..none };
                Draft::new(self, format!("{delay:.3} s"), knobs, move || ColdStart::new(1, delay))
            }
            Name::WarmPool => {
                let (k, delay) = (random.log_uniform(2, 64), mean * random.between(0.3, 3.0));
                let knobs = Knobs { delay, k: Some(k), ..none };
                Draft::new(self, format!("{k} warm, {delay:.3} s for others"), knobs, move || {
                    ColdStart::new(k, delay)
                })
            }
            Name::Growth => {
                let from = random.log_uniform(1, 16);
                let to = from + random.log_uniform(1, 32);
                let interval = mean * random.between(0.1, 1.5);
                let text = format!("from {from} to {to}, one each {interval:.3} s");
                let delay = interval * (to - from) as f64;
                let knobs = Knobs { k: Some(from), to: Some(to), delay, ..none };
                Draft::new(self, text, knobs, move || Pool::new(from).growing(interval, to))
            }
            Name::UnevenBackends => {
                let (share, factor) = (random.between(0.15, 0.6), random.between(1.5, 5.0));
                Draft::new(self, format!("{share:.2} takes {factor:.1} times as long"), none, move || {
                    Unlimited::backends(vec![(1.0 - share, 1.0), (share, factor)])
                })
            }
            Name::Pause => {
                let (from, delay) = (mean * random.between(0.0, 1.0), mean * random.between(0.3, 4.0));
                let knobs = Knobs { delay, ..none };
                Draft::new(self, format!("{delay:.3} s from {from:.3} s"), knobs, move || {
                    Unlimited::new().pausing(from, delay)
                })
                .alone(Unlimited::new)
            }
            Name::StickyConnections => {
                let (processes, each) = (random.log_uniform(2, 8), random.log_uniform(1, 8));
                let knobs = Knobs { k: Some(processes * each), ..none };
                Draft::new(self, format!("{processes} processes of {each}"), knobs, move || {
                    Sticky::new(processes, each)
                })
            }
            Name::SingleFlight => Draft::new(self, String::new(), none, SingleFlight::default),
            Name::ConcurrencyCap => {
                let k = random.log_uniform(1, 32);
                let queue = if random.chance(0.5) { 0 } else { random.log_uniform(1, n) };
                let knobs = Knobs { k: Some(k), bucket: queue, ..none };
                Draft::new(self, format!("{k} at once, {queue} may wait"), knobs, move || {
                    Pool::new(k).capped(queue)
                })
            }
            Name::QueueDeadline => {
                let (k, deadline) = (random.log_uniform(1, 32), mean * random.between(0.5, 5.0));
                let knobs = Knobs { k: Some(k), delay: deadline, ..none };
                Draft::new(self, format!("{k} workers, {deadline:.3} s"), knobs, move || {
                    Pool::new(k).deadline(deadline)
                })
            }
            Name::RateCap => {
                let (gap, bucket) = (mean * random.between(0.02, 2.0), random.log_uniform(1, n));
                let knobs = Knobs { gap: Some(gap), bucket, ..none };
                let text = format!("{:.2} a second, bucket of {bucket}", 1.0 / gap);
                Draft::new(self, text, knobs, move || Rate::new(1.0 / gap, bucket, Excess::Refused))
            }
            Name::RandomFailures => {
                let share = random.between(0.05, 0.5);
                Draft::new(self, format!("{share:.2} fail"), none, move || Unlimited::new().failing(share))
                    .alone(Unlimited::new)
            }
            // Instances that block each other are known by evidence alone, and the simulator gives none.
            Name::None | Name::SharedInstance => Draft::new(self, String::new(), none, Unlimited::new),
        }
    }
}

/// A number of workers that most often is below the number of requests.
fn workers(n: usize, random: &mut Random) -> usize {
    random.log_uniform(1, n.min(48))
}

fn pool(subject: Subject, k: usize, order: Order) -> Draft {
    Draft::new(subject, format!("{k} workers, {order:?}"), Knobs::of(k), move || Pool::new(k).ordered(order))
}
