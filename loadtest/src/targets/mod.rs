//! Targets, the systems under test: starts a system, waits until it is ready, stops it.
//!
//! A new built-in target is one file with a [`BuiltIn`] in it, and one row in [`BUILT_IN`], in `table.rs`.

pub mod address;
mod built_in;
mod child;
mod described;
mod embedded;
mod fastapi;
mod launch;
mod output;
mod route;
mod running;
mod server_trace;
mod spin;
mod startup;
mod table;
mod target;
mod tool;
mod url;
mod wasmtime;

pub use self::built_in::{BuiltIn, Content};
pub use self::described::{Definition, definitions};
pub use self::launch::{Launch, StartError, StartOptions, THREADS, WORKERS};
pub use self::route::trigger_at;
pub use self::running::Running;
pub use self::server_trace::ServerTrace;
pub use self::table::{BUILT_IN, names};
pub use self::target::Target;
pub use self::tool::project;
