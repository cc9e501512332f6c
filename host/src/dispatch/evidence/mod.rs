//! Evidence of how the host served a request: which instance took it and when, as a response header and in a trace file.
//!
//! Off by default. If it is on, each request for a component carries an [`Observation`], which the handlers fill in.

mod observation;
mod observer;
mod served_by;
mod trace;

pub use observation::{InstanceCounters, Observation};
pub use observer::Observer;
pub use trace::TraceWriter;
