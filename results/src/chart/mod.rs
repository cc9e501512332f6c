//! Charts of a burst: its bars and its concurrency over time, as SVG and as characters.

mod bars;
mod concurrency;
mod inferred;
mod run;
mod span;
pub mod svg;
pub mod text;

pub use bars::{Bar, bars};
pub use concurrency::{Concurrency, concurrency};
pub use run::as_one_burst;
pub use span::end_us;
