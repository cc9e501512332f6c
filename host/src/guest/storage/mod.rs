//! SQLite files that keep what guests store.

mod limits;
mod pool;

pub use pool::{Configure, Pool, StorageError, Transaction};

/// The only label that this host offers. Spin has no other without a runtime configuration.
pub const DEFAULT_LABEL: &str = "default";

#[cfg(test)]
mod tests;
