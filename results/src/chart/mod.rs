//! Charts of a burst: its bars and its concurrency over time, as SVG and as characters.

mod bars;
mod concurrency;
mod inferred;
mod span;
pub mod svg;
pub mod text;

pub use bars::{Bar, bars};
pub use concurrency::{Concurrency, concurrency};
pub use span::end_us;
