//! The host's side of a guest: its state, and the interfaces through which it reaches the outside.

mod config;
mod io_error;
mod key_value;
mod memory;
pub(crate) mod outbound;
mod sqlite;
mod state;
mod stdio;
mod storage;
mod stores;
mod variables;

pub(crate) use config::{AppResources, GuestConfig};
pub(crate) use io_error::add_to_linker as add_plain_errors_to_linker;
pub(crate) use memory::MemoryLimiter;
pub(crate) use state::Guest;
pub use stdio::Logs;

use wasmtime::component::Linker;

/// Adds Spin's interfaces to the linker.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    variables::add_to_linker(linker, |guest: &mut Guest| &mut guest.variables)?;
    key_value::add_to_linker(linker, |guest: &mut Guest| &mut guest.key_value)?;
    sqlite::add_to_linker(linker, |guest: &mut Guest| &mut guest.sqlite)
}
