//! Requests are answered in waves, and the replies don't show why.

use super::definition::Cause;
use crate::judgement::{Kind, Shape};
use crate::mechanism::Name;

pub(super) const POOL: Cause = Cause {
    applies: |judgement| {
        judgement.served == Kind::Limited
            && judgement.shape == Some(Shape::Waves)
            && judgement.findings.is_explained_by(Name::WorkerPool)
    },
    explanation: Some("Possible cause: a pool of as many workers, threads or connections."),
    remedy: None,
};
