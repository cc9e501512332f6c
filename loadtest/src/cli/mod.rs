//! The command line.

pub mod commands;
pub mod flags;

pub use self::flags::{Cli, command};
