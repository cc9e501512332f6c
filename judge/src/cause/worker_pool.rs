//! Requests are answered in waves, and the replies don't show why.

use super::definition::Cause;
use crate::judgement::{Kind, Shape};
use crate::mechanism::Name;

pub(super) const POOL: Cause = Cause {
    applies: |judgement| {
        judgement.served == Kind::Limited
            && judgement.shape == Some(Shape::Waves)
            && judgement.findings.may_be(Name::WorkerPool)
    },
    explanation: Some("Possible cause: a pool of workers, threads or connections."),
    remedy: None,
};
