//! The host refuses requests because it has no more instances.

use super::definition::Cause;
use super::uvicorn;
use crate::judgement::Judgement;
use crate::trace::Outcome;

pub(super) const CAP: Cause = Cause {
    applies: is_out_of_instances,
    explanation: None,
    remedy: Some(|_| {
        "Each answered request had an instance of its own: raise the limit on instances (for Spin, \
         SPIN_MAX_INSTANCE_COUNT), send fewer requests at once, or put a queue before the server."
            .to_owned()
    }),
};

/// Whether each answered request had a fresh instance, and the server failed the others at once by a 5xx status.
fn is_out_of_instances(judgement: &Judgement) -> bool {
    let sharing = &judgement.findings.sharing;
    let mut rows = judgement.trace.rows.iter();
    let all_failed = rows.all(|row| row.is_ok() || matches!(row.outcome, Outcome::Answered(500..)));
    judgement.is_capped()
        && all_failed
        && sharing.is_fresh()
        && sharing.known == judgement.findings.answered
        // uvicorn's instances are processes and threads, not component instances.
        && !uvicorn::is_uvicorn(judgement.trace)
}
