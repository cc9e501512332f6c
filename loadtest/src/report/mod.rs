//! Tells: one file a format. Nothing is computed here.

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
mod sentences;
pub mod terminal;
