//! Instances that take no request: they make the slots of wasmtime's pool ready for a burst.
//!
//! A slot that was used keeps its mappings and the memory that its last instance touched. In one that was never used, an
//! instance pays for them by page faults.

use tokio::task::yield_now;

use super::handler::Handler;

/// Creates `count` instances, of each component in turn, and ends them when all are there, so that each had a slot of its
/// own. Requests go first: if one needs an instance that isn't free, no more are created. Returns the number.
pub async fn warm_up(handlers: &[Handler], count: usize) -> usize {
    let mut instances = Vec::new();
    for handler in handlers.iter().cycle().take(count) {
        let Some(instance) = handler.spare_instance().await else { break };
        instances.push(instance);
        yield_now().await;
    }
    let created = instances.len();
    for instance in instances {
        drop(instance);
        yield_now().await;
    }
    created
}
