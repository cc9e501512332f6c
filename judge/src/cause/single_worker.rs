//! Requests are answered one by one, and the replies don't show why.

use super::definition::Cause;
use crate::judgement::{Kind, Shape};
use crate::mechanism::Name;

pub(super) const SINGLE_WORKER: Cause = Cause {
    applies: |judgement| {
        judgement.served == Kind::Sequential
            && judgement.shape == Some(Shape::Staircase)
            && judgement.findings.may_be(Name::WorkerPool)
    },
    explanation: Some("Possible causes: a single worker, a lock, or a handler that blocks an event loop."),
    remedy: None,
};
