//! Charts in characters, for terminals and Markdown.

mod compact;
mod plot;
mod timeline;

pub use compact::{COMPACT_LEGEND, compact};
pub use plot::log_log;
pub use timeline::{INFERRED_LEGEND, LEGEND, is_inferred, timeline};
