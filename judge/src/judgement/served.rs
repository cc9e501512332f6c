//! How the answered requests were served.

use crate::findings::Findings;
use crate::kind::Kind;

/// The probability of a kind that the replies show.
const CERTAIN: f64 = 1.0;

/// The probability of a kind that is one of two.
const OPEN: f64 = 0.5;

/// Returns the kind of the answered requests, and its probability: by the replies if they count the requests in
/// handlers, else by the explanations of the times.
pub(super) fn served(findings: &Findings) -> (Kind, f64) {
    let in_handlers = findings.handlers_at_once();
    let (parallel, sequential) = (findings.is_parallel(), findings.is_sequential());
    // All requests that were sent were in a handler at once, and none took longer for it.
    if !sequential && in_handlers.is_some_and(|count| count > 1 && count >= findings.offered) {
        return (Kind::Parallel, CERTAIN);
    }
    // Each request waited for the others of its instance, and there is only one instance.
    if !parallel && findings.sharing.batched && findings.sharing.is_all_in_one(findings.answered) {
        return (Kind::Sequential, CERTAIN);
    }
    let Some(posterior) = findings.posterior.as_ref().filter(|_| findings.offered > 1) else {
        return (Kind::Inconclusive, 1.0);
    };
    if findings.sharing.batched {
        return (Kind::Limited, CERTAIN);
    }
    if posterior.is_open() {
        return (posterior.kind_of_mechanism(), OPEN);
    }
    let kinds = [Kind::Parallel, Kind::Sequential, Kind::Limited].map(|kind| (kind, posterior.kind(kind)));
    let best = kinds.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
    best.unwrap_or((Kind::Inconclusive, 1.0))
}
