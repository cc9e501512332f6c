//! Tells: one file a format. Nothing is computed here.

use std::io::Write;

pub mod capacity;
pub mod compare;
pub mod csv;
pub mod files;
pub mod github;
pub mod hey;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod plot;
mod sentences;
pub mod terminal;
pub mod timeline;

/// Says something beside the results, on standard error. Nobody may be there to read it.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
