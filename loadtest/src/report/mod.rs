//! Tells: one file a format. Nothing is computed here.

pub mod json;
pub mod progress;
pub mod terminal;
