//! Connections to one SQLite file. Statements run on threads for blocking work, never on those of the runtime.
//!
//! The file is in WAL mode: readers don't wait for the writer. What was answered survives the end of this process, and
//! after a power failure the file is whole, without the last moments.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::limits::{
    MAX_CONCURRENT, MAX_HEAP_BYTES, MAX_LOCKED_OUT, MAX_STATEMENT_BYTES, MAX_TRANSACTIONS, MAX_VALUE_BYTES,
};
use crate::byte_size::ByteSize;

/// How long a statement waits for the file's lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// The time between two tries to take the lock. Those that come later try it only once.
const LOCK_INTERVAL: Duration = Duration::from_millis(1);
const PAGE_SIZE: u64 = 4096;
/// The smallest maximum: SQLite needs some pages for its own tables.
const MIN_PAGES: u64 = 16;

/// Prepares a new connection.
pub type Configure = fn(&mut Connection) -> rusqlite::Result<()>;

/// The connections to one file.
pub struct Pool {
    path: PathBuf,
    max_size: ByteSize,
    configure: Configure,
    idle: Mutex<Vec<Connection>>,
    running: Arc<Semaphore>,
    locked_out: Arc<Semaphore>,
    transactions: Arc<Semaphore>,
}

/// A connection with an open transaction. Dropping it rolls the transaction back.
pub struct Transaction {
    /// `None` only while it is dropped.
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

/// The reason why a statement has no result.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the file has its maximum size, {0} (--max-store-size), or the disk is full")]
    Full(ByteSize),
    #[error("too many transactions are open at once; {MAX_TRANSACTIONS} are allowed")]
    TooManyTransactions,
    /// The guest's transaction is gone. The text says why.
    #[error("the transaction was rolled back: {0}")]
    RolledBack(String),
    #[error("{0}")]
    Sqlite(rusqlite::Error),
    #[error("the host is about to end")]
    Ended,
}

impl Pool {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    ///
    /// If the file can't be used.
    pub fn open(path: &Path, max_size: ByteSize, configure: Configure) -> Result<Arc<Self>, StorageError> {
        let pool = Self {
            path: path.to_owned(),
            max_size,
            configure,
            idle: Mutex::default(),
            running: Arc::new(Semaphore::new(MAX_CONCURRENT)),
            locked_out: Arc::new(Semaphore::new(MAX_LOCKED_OUT)),
            transactions: Arc::new(Semaphore::new(MAX_TRANSACTIONS)),
        };
        if let Some(folder) = path.parent() {
            // If it fails, SQLite gives the reason.
            let _ = std::fs::create_dir_all(folder);
        }
        let connection = pool.connect().map_err(|error| pool.error(error))?;
        pool.put(connection);
        Ok(Arc::new(pool))
    }

    /// Runs `work` on the connection of the transaction, or on any one. Returns the transaction that is open afterwards.
    ///
    /// Without a transaction, `work` doesn't wait for the file's lock at first. If it needs the lock and another
    /// connection has it, it runs again, among those that wait: so readers never wait behind them.
    ///
    /// If the future is dropped, `work` is done nevertheless, and a transaction that is open afterwards is rolled back.
    pub async fn run<R: Send + 'static>(
        self: &Arc<Self>,
        transaction: Option<Transaction>,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> (Result<R, StorageError>, Option<Transaction>) {
        let pool = self.clone();
        if let Some(transaction) = transaction {
            // Without a permit: those that have one may wait for this transaction's lock.
            let done = spawn_blocking(move || pool.run_in(transaction, work)).await;
            return done.unwrap_or((Err(StorageError::Ended), None));
        }
        for (permits, waits) in [(&self.running, false), (&self.locked_out, true)] {
            let Ok(permit) = permits.clone().acquire_owned().await else { break };
            let pool = pool.clone();
            let done = spawn_blocking(move || {
                let done = pool.run_on_any(&mut work, waits);
                drop(permit);
                (done, work)
            });
            let Ok((done, same_work)) = done.await else { break };
            match done {
                (Err(error), None) if error.is_locked() && !waits => work = same_work,
                done => return done,
            }
        }
        (Err(StorageError::Ended), None)
    }

    /// Whether another statement may wait for the file's lock.
    #[cfg(test)]
    pub fn has_places_for_locked_out(&self) -> bool {
        self.locked_out.available_permits() > 0
    }

    fn run_in<R>(
        &self,
        mut transaction: Transaction,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<R>,
    ) -> (Result<R, StorageError>, Option<Transaction>) {
        let Some(connection) = &mut transaction.connection else { return (Err(StorageError::Ended), None) };
        let result = work(connection).map_err(|error| self.error(error));
        if !connection.is_autocommit() {
            return (result, Some(transaction));
        }
        if let Some(connection) = transaction.connection.take() {
            self.put(connection);
        }
        (result, None)
    }

    fn run_on_any<R>(
        &self,
        work: &mut impl FnMut(&mut Connection) -> rusqlite::Result<R>,
        waits: bool,
    ) -> (Result<R, StorageError>, Option<Transaction>) {
        let idle = self.lock().pop();
        let mut connection = match idle.map_or_else(|| self.connect(), Ok) {
            Ok(connection) => connection,
            Err(error) => return (Err(self.error(error)), None),
        };
        let result = wait_for_lock(&mut connection, waits).and_then(|()| work(&mut connection));
        let result = result.map_err(|error| self.error(error));
        if connection.is_autocommit() {
            self.put(connection);
            return (result, None);
        }
        if let Err(error) = wait_for_lock(&mut connection, true) {
            return (Err(self.error(error)), None);
        }
        match self.transactions.clone().try_acquire_owned() {
            Ok(permit) => (result, Some(Transaction { connection: Some(connection), _permit: permit })),
            Err(_) => (Err(StorageError::TooManyTransactions), None),
        }
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let mut connection = Connection::open(&self.path)?;
        wait_for_lock(&mut connection, true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_STATEMENT_BYTES)?;
        let max_pages = (self.max_size.0 as u64 / PAGE_SIZE).max(MIN_PAGES);
        for (pragma, value) in [
            ("journal_mode", "WAL".to_owned()),
            ("synchronous", "NORMAL".to_owned()),
            ("journal_size_limit", "67108864".to_owned()),
            ("max_page_count", max_pages.to_string()),
            // Else what a statement sorts may fill the disk.
            ("temp_store", "MEMORY".to_owned()),
            ("hard_heap_limit", MAX_HEAP_BYTES.to_string()),
        ] {
            // Some of them return their value.
            connection.query_row(&format!("PRAGMA {pragma} = {value}"), [], |_| Ok(())).optional()?;
        }
        (self.configure)(&mut connection)?;
        Ok(connection)
    }

    fn put(&self, connection: Connection) {
        let mut idle = self.lock();
        // Beyond this number, connections come from transactions that have ended.
        if idle.len() < MAX_CONCURRENT {
            idle.push(connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, error: rusqlite::Error) -> StorageError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StorageError::Full(self.max_size),
            _ => StorageError::Sqlite(error),
        }
    }
}

impl StorageError {
    /// Whether another connection has the file's lock.
    fn is_locked(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }
}

/// Sets whether the connection's statements wait for the file's lock.
fn wait_for_lock(connection: &mut Connection, waits: bool) -> rusqlite::Result<()> {
    let max_tries = LOCK_TIMEOUT.as_millis() / LOCK_INTERVAL.as_millis();
    connection.busy_handler(waits.then_some(move |tries: i32| {
        thread::sleep(LOCK_INTERVAL);
        u128::from(tries.unsigned_abs()) < max_tries
    }))
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // The end of the connection rolls back, which may wait for the disk.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(connection))),
            Err(_) => drop(connection),
        }
    }
}
