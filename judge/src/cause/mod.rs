//! Known causes with their remedies: one file per cause, one row each in [`CAUSES`].
//!
//! A row has a predicate on the judgement, a sentence that explains the verdict, and a sentence that says what to change.
//! No cause is claimed without evidence: a row without evidence names possible causes, and has no remedy.

mod definition;
mod instance_cap;
mod shared_instance;
mod single_worker;
mod styles;
mod uvicorn;
mod worker_pool;

use self::definition::Cause;
use crate::judgement::Judgement;

/// All causes. The first row that applies and has the sentence gives it, so causes with more evidence come first.
const CAUSES: [&Cause; 6] = [
    &uvicorn::EVENT_LOOP,
    &uvicorn::THREAD_POOL,
    &shared_instance::BLOCKED,
    &instance_cap::CAP,
    &single_worker::SINGLE_WORKER,
    &worker_pool::POOL,
];

/// Returns what explains the verdict; `None` if it is unknown, or the replies already show it.
pub(crate) fn explanation(judgement: &Judgement) -> Option<String> {
    if judgement.findings.sharing.took_turns > 0 {
        return None;
    }
    applicable(judgement).find_map(|cause| cause.explanation).map(str::to_owned)
}

/// Returns what to change; `None` without evidence for a cause.
pub(crate) fn remedy(judgement: &Judgement) -> Option<String> {
    if !judgement.reasons.is_empty() {
        return None;
    }
    applicable(judgement).find_map(|cause| cause.remedy).map(|remedy| remedy(judgement))
}

fn applicable(judgement: &Judgement) -> impl Iterator<Item = &'static Cause> {
    CAUSES.into_iter().filter(|cause| (cause.applies)(judgement))
}
