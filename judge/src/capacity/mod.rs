//! How many requests a server takes at once: which bursts to fire, and what they show. The caller fires them.

mod answer;
mod end;
mod observation;
mod scalability;
mod search;
mod sizes;
mod survey;

pub use answer::{Answer, Beyond};
pub use end::End;
pub use observation::Observation;
pub use scalability::Scalability;
pub use search::{Search, Step};
pub use sizes::{Size, Sizes};
pub use survey::Survey;

#[cfg(test)]
mod tests;
