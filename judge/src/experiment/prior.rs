//! What is known of each model of a server before anything is measured.

use super::server_model::ServerModel;
use crate::mechanism::Name;

/// What is known of a model before anything is measured.
pub(super) struct Prior {
    pub(super) model: ServerModel,
    pub(super) name: Name,
    /// The prior probability.
    pub(super) prior: f64,
    /// The probability that another endpoint of the server shares the limit.
    pub(super) shared: f64,
}

const fn prior_of(model: ServerModel, name: Name, prior: f64, shared: f64) -> Prior {
    Prior { model, name, prior, shared }
}

/// The models that serve all requests.
pub(super) const SERVING: [Prior; 22] = [
    prior_of(ServerModel::Unlimited, Name::None, 0.25, 0.5),
    prior_of(ServerModel::Uneven, Name::UnevenBackends, 0.06, 0.5),
    prior_of(ServerModel::Pause, Name::Pause, 0.02, 0.5),
    prior_of(ServerModel::Pool, Name::WorkerPool, 0.2, 0.85),
    prior_of(ServerModel::LastFirst, Name::WorkerPool, 0.02, 0.85),
    prior_of(ServerModel::AnyOrder, Name::WorkerPool, 0.02, 0.85),
    prior_of(ServerModel::Pace, Name::RateLimit, 0.06, 0.6),
    prior_of(ServerModel::Bucket, Name::RateLimit, 0.04, 0.6),
    prior_of(ServerModel::Cost, Name::Throughput, 0.04, 0.97),
    prior_of(ServerModel::Accepting, Name::SlowAccept, 0.03, 0.97),
    prior_of(ServerModel::LockFirst, Name::Lock, 0.03, 0.15),
    prior_of(ServerModel::LockLast, Name::Lock, 0.03, 0.15),
    prior_of(ServerModel::InnerFirst, Name::InnerPool, 0.025, 0.15),
    prior_of(ServerModel::InnerLast, Name::InnerPool, 0.025, 0.15),
    prior_of(ServerModel::Processors, Name::SharedCpu, 0.08, 0.97),
    prior_of(ServerModel::PooledProcessors, Name::SharedCpu, 0.04, 0.97),
    prior_of(ServerModel::Batches, Name::Batching, 0.03, 0.15),
    prior_of(ServerModel::ColdStart, Name::ColdStart, 0.05, 0.3),
    prior_of(ServerModel::WarmPool, Name::WarmPool, 0.03, 0.3),
    prior_of(ServerModel::Growing, Name::Growth, 0.03, 0.8),
    prior_of(ServerModel::Sticky, Name::StickyConnections, 0.04, 0.9),
    prior_of(ServerModel::SingleFlight, Name::SingleFlight, 0.02, 0.1),
];

/// The models that refuse requests.
pub(super) const REFUSING: [Prior; 7] = [
    prior_of(ServerModel::Capped, Name::ConcurrencyCap, 0.4, 0.7),
    prior_of(ServerModel::Deadline, Name::QueueDeadline, 0.2, 0.8),
    prior_of(ServerModel::RateCap, Name::RateCap, 0.15, 0.7),
    prior_of(ServerModel::WindowCap, Name::RateCap, 0.1, 0.7),
    prior_of(ServerModel::WindowOfAll, Name::RateCap, 0.05, 0.7),
    prior_of(ServerModel::WindowEstimate, Name::RateCap, 0.05, 0.7),
    prior_of(ServerModel::Failing, Name::RandomFailures, 0.1, 0.5),
];

impl ServerModel {
    pub(super) fn prior(self) -> &'static Prior {
        SERVING.iter().chain(&REFUSING).find(|one| one.model == self).unwrap_or(&SERVING[0])
    }
}
