//! Stands in for `verdict::effective_concurrency` until the judge has it.

use crate::trace::Trace;

/// n s over the makespan, of those that were answered; `None` where none was.
pub fn effective_concurrency(trace: &Trace) -> Option<f64> {
    let (makespan_ms, answered) = (trace.makespan_ms(), trace.answered().count());
    (makespan_ms > 0.0).then(|| answered as f64 * trace.service_ms / makespan_ms)
}
