//! How many requests a server takes at once: which bursts to fire, and what they show. The caller fires them.

mod answer;
mod bursts;
mod consensus;
mod end;
mod estimate;
mod firing;
mod fixed;
mod larger;
mod observation;
mod pause;
mod reasons;
mod scalability;
mod search;
mod sentence;
mod sizes;
mod step;
mod survey;

pub use answer::Answer;
pub use end::End;
pub use estimate::Beyond;
pub use firing::{Firing, Purpose};
pub use observation::{Judged, Observation};
pub use scalability::Scalability;
pub use search::Search;
pub use sizes::{Size, Sizes};
pub use step::Step;
pub use survey::Survey;

#[cfg(test)]
mod tests;
