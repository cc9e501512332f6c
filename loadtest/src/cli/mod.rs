//! The command line.

pub mod commands;
pub mod flags;
mod request_flags;

pub use self::flags::{Cli, command};
