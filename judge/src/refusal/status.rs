//! How servers refuse: which statuses go with which mechanism.

use std::collections::BTreeMap;

use crate::mechanism::Name;
use crate::trace::{Ending, Outcome, Trace};

/// A class of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Unavailable,
    TooMany,
    GatewayTimeout,
    Broken,
    Error,
}

/// Returns the probability that a server with this mechanism refuses as most requests of this burst were refused. The
/// figures are estimates by the defaults of common servers: nginx's `limit_conn` and `limit_req` (503), uvicorn's
/// `--limit-concurrency` (503), haproxy's queue timeout (503), gateways' rate limits (429); handlers that fail (500).
/// A host without free instances may say 500, too.
pub(super) fn probability(trace: &Trace, name: Name) -> f64 {
    match (name, commonest(trace)) {
        (Name::ConcurrencyCap, Status::Unavailable) => 0.55,
        (Name::ConcurrencyCap, Status::TooMany) => 0.1,
        (Name::ConcurrencyCap, Status::Error) => 0.07,
        (Name::RateCap, Status::Error) => 0.03,
        (Name::ConcurrencyCap, Status::Broken) => 0.2,
        (Name::RateCap, Status::Unavailable) => 0.35,
        (Name::RateCap, Status::TooMany) => 0.6,
        (Name::QueueDeadline, Status::Unavailable) => 0.55,
        (Name::QueueDeadline, Status::GatewayTimeout) => 0.25,
        (Name::QueueDeadline, Status::Broken) => 0.1,
        (Name::RandomFailures, Status::Error) => 0.6,
        (Name::RandomFailures, Status::Broken) => 0.15,
        (Name::RandomFailures, Status::Unavailable) => 0.06,
        (Name::RandomFailures, Status::TooMany) => 0.02,
        _ => 0.05,
    }
}

/// Returns the class of most refusals.
fn commonest(trace: &Trace) -> Status {
    let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
    for row in trace.rows.iter().filter(|row| row.ending() == Ending::Refused) {
        let status = match row.outcome {
            Outcome::Answered(429) => Status::TooMany,
            Outcome::Answered(503) => Status::Unavailable,
            Outcome::Answered(504) => Status::GatewayTimeout,
            Outcome::Answered(_) => Status::Error,
            Outcome::Rejected(_) | Outcome::Failed(_) => Status::Broken,
        };
        *counts.entry(status).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(Status::Unavailable, |(status, _)| status)
}
