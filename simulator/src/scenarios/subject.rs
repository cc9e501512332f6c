//! The servers of scenarios, by name.

use judge::mechanism::Name;

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
}
