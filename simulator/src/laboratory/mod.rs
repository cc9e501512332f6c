//! Experiments at one simulated server, whose state lives on from one to the next.

mod bench;
mod subject;
mod truth;

pub use bench::{Abilities, Laboratory};
pub use subject::{Case, Kind, Outcome};
pub use truth::Verdict;
