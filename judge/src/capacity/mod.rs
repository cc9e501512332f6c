//! How many requests a server takes at once: which bursts to fire, and what they say. Pure functions of
//! what was observed; the command fires.

mod answer;
mod observation;
mod scalability;
mod search;
#[cfg(test)]
mod simulated;
mod sizes;
mod survey;

pub use answer::{Answer, Beyond, End};
pub use observation::Observation;
pub use scalability::Scalability;
pub use search::{Search, Step};
pub use sizes::{Size, Sizes};
pub use survey::Survey;
