//! Whether a time changed between two results, or is noise.

mod ratio;
mod time;

pub use ratio::{CONFIDENCE, Ratio};
pub use time::{TimeChange, Trend};
