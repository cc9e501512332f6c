//! Why a burst was served as it was: the names of mechanisms, with their parameters.

mod discriminating;
mod remedy;
mod sentences;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::rounded;

pub(crate) use discriminating::discriminating_experiment;
pub(crate) use sentences::sentences;

/// A mechanism is named if its class has at least this probability.
pub(crate) const NAMED: f64 = 0.9;

/// Why a burst was served as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mechanism {
    /// The mechanism's name.
    pub name: Name,
    /// The mechanism's parameters, as far as the burst shows them.
    pub parameters: Parameters,
    /// The other mechanisms of its class: they give the same times in this burst.
    pub or: Vec<Name>,
    /// The probability of the class, from 0 to 1.
    pub probability: f64,
}

/// The names of mechanisms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// No limit seen.
    None,
    /// So many workers, each with one request at a time.
    WorkerPool,
    /// Starts are paced; any number of requests may be in service.
    RateLimit,
    /// A share of the service time is spent under a lock.
    Lock,
    /// A share of the service time is spent in a pool of its own, such as a pool of database connections.
    InnerPool,
    /// All requests share processors.
    SharedCpu,
    /// The server has a cost of its own for each request.
    Throughput,
    /// Groups of requests are served together.
    Batching,
    /// New instances start late, by a fixed time.
    ColdStart,
    /// So many warm instances; the other requests have fresh ones.
    WarmPool,
    /// The number of workers grows during the burst.
    Growth,
    /// Backends of different speeds.
    UnevenBackends,
    /// Connections or requests are taken up slowly.
    SlowAccept,
    /// The whole server stood still once.
    Pause,
    /// Connections stay with the process that accepted them.
    StickyConnections,
    /// One request is served, and the others share its answer.
    SingleFlight,
    /// Requests share instances and block each other there.
    SharedInstance,
    /// So many requests are taken at once; the others are refused.
    ConcurrencyCap,
    /// Requests that wait for too long are refused.
    QueueDeadline,
    /// So many requests are taken per second; the others are refused.
    RateCap,
    /// Requests fail at random, whatever the load.
    RandomFailures,
}

/// The order in which waiting requests are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// First come, first served.
    Fifo,
    /// Last come, first served.
    Lifo,
    /// In no order.
    Random,
}

/// The parameters of a mechanism. Parameters that it doesn't have, or that the burst doesn't show, are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Parameters {
    /// The number of workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<f64>,
    /// The order in which waiting requests are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Requests per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    /// The number of requests that a rate limit lets through at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<f64>,
    /// A share, from 0 to 1: of the service time, or of the requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// The number of processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<f64>,
    /// The number of requests of a batch, or of warm instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
    /// A fixed delay, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<f64>,
    /// The number of workers at the burst's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// The number of workers at the burst's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// The number of kinds of backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<f64>,
    /// The number of processes that got connections; `workers` is then the number of workers of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<f64>,
    /// The largest number of requests at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_once: Option<f64>,
    /// The number of requests that are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

impl Name {
    /// All mechanisms.
    pub const ALL: [Self; 21] = [
        Self::None,
        Self::WorkerPool,
        Self::RateLimit,
        Self::Lock,
        Self::InnerPool,
        Self::SharedCpu,
        Self::Throughput,
        Self::Batching,
        Self::ColdStart,
        Self::WarmPool,
        Self::Growth,
        Self::UnevenBackends,
        Self::SlowAccept,
        Self::Pause,
        Self::StickyConnections,
        Self::SingleFlight,
        Self::SharedInstance,
        Self::ConcurrencyCap,
        Self::QueueDeadline,
        Self::RateCap,
        Self::RandomFailures,
    ];

    /// Returns the name in texts and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::WorkerPool => "worker_pool",
            Self::RateLimit => "rate_limit",
            Self::Lock => "lock",
            Self::InnerPool => "inner_pool",
            Self::SharedCpu => "shared_cpu",
            Self::Throughput => "throughput",
            Self::Batching => "batching",
            Self::ColdStart => "cold_start",
            Self::WarmPool => "warm_pool",
            Self::Growth => "growth",
            Self::UnevenBackends => "uneven_backends",
            Self::SlowAccept => "slow_accept",
            Self::Pause => "pause",
            Self::StickyConnections => "sticky_connections",
            Self::SingleFlight => "single_flight",
            Self::SharedInstance => "shared_instance",
            Self::ConcurrencyCap => "concurrency_cap",
            Self::QueueDeadline => "queue_deadline",
            Self::RateCap => "rate_cap",
            Self::RandomFailures => "random_failures",
        }
    }

    /// Returns the mechanism in words, for sentences: `a worker pool`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "no limit",
            Self::WorkerPool => "a worker pool",
            Self::RateLimit => "a rate limit",
            Self::Lock => "a lock",
            Self::InnerPool => "an inner pool",
            Self::SharedCpu => "shared processors",
            Self::Throughput => "the server's own cost for each request",
            Self::Batching => "batches",
            Self::ColdStart => "cold starts",
            Self::WarmPool => "a warm pool",
            Self::Growth => "growth during the burst",
            Self::UnevenBackends => "uneven backends",
            Self::SlowAccept => "slow acceptance",
            Self::Pause => "a pause of the server",
            Self::StickyConnections => "connections that stick to a process",
            Self::SingleFlight => "one request served for all",
            Self::SharedInstance => "a shared instance",
            Self::ConcurrencyCap => "a cap on concurrent requests",
            Self::QueueDeadline => "a deadline for waiting",
            Self::RateCap => "a cap on the rate",
            Self::RandomFailures => "failures at random",
        }
    }

    /// Whether a request waits before its service, and is then served as if it were alone. Otherwise it is served more
    /// slowly, or somewhere else, or not at all.
    pub const fn makes_requests_wait(self) -> bool {
        match self {
            Self::WorkerPool
            | Self::RateLimit
            | Self::Lock
            | Self::InnerPool
            | Self::Throughput
            | Self::Batching
            | Self::ColdStart
            | Self::Growth
            | Self::SlowAccept
            | Self::StickyConnections
            | Self::QueueDeadline => true,
            Self::None
            | Self::SharedCpu
            | Self::WarmPool
            | Self::UnevenBackends
            | Self::Pause
            | Self::SingleFlight
            | Self::SharedInstance
            | Self::ConcurrencyCap
            | Self::RateCap
            | Self::RandomFailures => false,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Parameters {
    /// Returns the parameters with at most three digits after the point.
    pub fn rounded(self) -> Self {
        let round = |value: Option<f64>| value.map(|value| rounded(value, 3));
        Self {
            workers: round(self.workers),
            order: self.order,
            per_second: round(self.per_second),
            burst: round(self.burst),
            share: round(self.share),
            cores: round(self.cores),
            size: round(self.size),
            delay_ms: round(self.delay_ms),
            from: round(self.from),
            to: round(self.to),
            parts: round(self.parts),
            processes: round(self.processes),
            at_once: round(self.at_once),
            limit: round(self.limit),
        }
    }
}

impl Mechanism {
    /// Returns the names of the class: the mechanism's own first.
    pub fn class(&self) -> impl Iterator<Item = Name> {
        [self.name].into_iter().chain(self.or.iter().copied())
    }

    /// Whether the mechanism limits how many requests are served per second, not how many at a time. A lock of one does:
    /// any number of requests may be in the part of the handler outside it.
    pub const fn is_rate(&self) -> bool {
        match self.name {
            Name::RateLimit | Name::Throughput | Name::SlowAccept => true,
            Name::Lock => self.parameters.workers.is_none(),
            _ => false,
        }
    }

    /// Returns the mechanism with its numbers rounded as in result files.
    pub fn rounded(self) -> Self {
        Self { parameters: self.parameters.rounded(), probability: rounded(self.probability, 4), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_are_those_of_the_schema() {
        let schema = serde_json::to_value(schemars::schema_for!(Name)).unwrap();
        let variants = schema["oneOf"].as_array().unwrap().iter();
        let names: Vec<&str> = variants.map(|variant| variant["const"].as_str().unwrap()).collect();
        assert_eq!(Name::ALL.map(Name::as_str).to_vec(), names);
    }

    #[test]
    fn json_has_the_name_and_the_parameters_that_are_known() {
        let mechanism = Mechanism {
            name: Name::RateLimit,
            parameters: Parameters { per_second: Some(20.0), burst: Some(1.0), ..Parameters::default() },
            or: vec![Name::Lock],
            probability: 0.97,
        };
        let json = serde_json::to_value(&mechanism).unwrap();
        let expected = serde_json::json!({
            "name": "rate_limit",
            "parameters": { "per_second": 20.0, "burst": 1.0 },
            "or": ["lock"],
            "probability": 0.97
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Mechanism>(expected).unwrap(), mechanism);
        assert_eq!(json["name"], mechanism.name.as_str());
    }
}
