//! The host's side of a guest: its state, and the interfaces through which it reaches the outside.

mod config;
mod memory;
pub(crate) mod outbound;
mod state;
mod stdio;
mod variables;

pub(crate) use config::{AppResources, GuestConfig};
pub(crate) use memory::MemoryLimiter;
pub(crate) use state::Guest;
pub use stdio::Logs;
pub(crate) use variables::add_to_linker as add_variables_to_linker;
