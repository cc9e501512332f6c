//! The registration of a task that waits.

use std::task::{Context, Waker};

/// Makes `waker` the task's.
pub fn register(waker: &mut Option<Waker>, context: &Context<'_>) {
    match waker {
        Some(waker) => waker.clone_from(context.waker()),
        none => *none = Some(context.waker().clone()),
    }
}
