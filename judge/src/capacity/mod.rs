//! How many requests a server takes at once: which bursts to fire, and what they show. The caller fires them.

mod answer;
mod bursts;
mod end;
mod firing;
mod fixed;
mod larger;
mod observation;
mod reasons;
mod said;
mod scalability;
mod search;
mod sentence;
mod sizes;
mod survey;

pub use answer::{Answer, Beyond};
pub use end::End;
pub use firing::{Firing, Purpose};
pub use observation::{Judged, Observation};
pub use scalability::Scalability;
pub use search::{Search, Step};
pub use sizes::{Size, Sizes};
pub use survey::Survey;

#[cfg(test)]
mod tests;
