//! The limits on what guests store.

/// The number of statements that run at once. SQLite has one writer at a time, and more threads only wait for it.
pub(super) const MAX_CONCURRENT: usize = 4;
/// The number of transactions of guests that are open at once. Each keeps its connection.
pub(super) const MAX_TRANSACTIONS: usize = 64;
/// The number of statements that wait for the file's lock at once. They hold no place among those that run.
pub(super) const MAX_LOCKED_OUT: usize = 4;
/// The maximum size of a value, and of a row, in bytes.
pub(super) const MAX_VALUE_BYTES: i32 = 64 << 20;
/// The maximum length of a statement's text, in bytes.
pub(super) const MAX_STATEMENT_BYTES: i32 = 1 << 20;
/// The maximum size of all that SQLite holds in memory, in bytes, for all files of this process.
pub(super) const MAX_HEAP_BYTES: u64 = 512 << 20;
