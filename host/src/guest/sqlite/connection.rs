//! A guest's connection to the database.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::statement::{self, QueryResult, Statement};
use crate::guest::storage::{Pool, StorageError, Transaction};

/// How long a transaction may be without a statement. Others wait for its lock, and the file grows meanwhile.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// A guest's connection. Between transactions it holds no connection of the pool.
#[derive(Clone)]
pub struct GuestConnection(Arc<Mutex<State>>);

struct State {
    database: Arc<Pool>,
    /// The transaction that the guest has begun and not ended.
    transaction: Option<Transaction>,
    /// Why the transaction is gone without the guest's knowledge, until its next statement.
    rolled_back: Option<String>,
    /// When the last statement ended.
    idle_since: Instant,
    /// Ends the transaction if it is idle for too long.
    guard: Option<AbortOnDropHandle<()>>,
    last_insert_rowid: i64,
    changes: u64,
}

impl GuestConnection {
    pub fn new(database: Arc<Pool>) -> Self {
        let state = State {
            database,
            transaction: None,
            rolled_back: None,
            idle_since: Instant::now(),
            guard: None,
            last_insert_rowid: 0,
            changes: 0,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Runs a statement, after those that the guest has begun on this connection.
    pub async fn execute(&self, statement: Statement) -> Result<QueryResult, StorageError> {
        let state = &mut *self.0.lock().await;
        state.guard = None;
        if let Some(reason) = state.rolled_back.take() {
            return Err(StorageError::RolledBack(reason));
        }
        let transaction = state.transaction.take();
        // If this future is dropped while it waits, the transaction is rolled back, and so is one that the statement begins.
        let text = statement.text.to_ascii_lowercase();
        if transaction.is_some() || ["begin", "savepoint"].iter().any(|word| text.contains(word)) {
            state.rolled_back = Some("a statement in it was cancelled".to_owned());
        }
        let last = state.last_insert_rowid;
        let run =
            state.database.run(transaction, move |connection| statement::run(connection, &statement, last));
        let (result, transaction) = run.await;
        state.rolled_back = None;
        state.transaction = transaction;
        state.idle_since = Instant::now();
        if state.transaction.is_some() {
            let guard = tokio::spawn(end_if_idle(Arc::downgrade(&self.0), state.idle_since));
            state.guard = Some(AbortOnDropHandle::new(guard));
        }
        let result = result?;
        state.changes = result.changes.unwrap_or(state.changes);
        state.last_insert_rowid = result.last_insert_rowid;
        Ok(result)
    }

    /// The row id of the last row that the guest inserted by this connection; 0 if there is none.
    pub async fn last_insert_rowid(&self) -> i64 {
        self.0.lock().await.last_insert_rowid
    }

    /// The number of rows that the last statement changed.
    pub async fn changes(&self) -> u64 {
        self.0.lock().await.changes
    }
}

/// Rolls back the transaction that is open since `start` if no statement comes in time.
async fn end_if_idle(connection: Weak<Mutex<State>>, start: Instant) {
    sleep_until(start + MAX_IDLE).await;
    let Some(connection) = connection.upgrade() else { return };
    let mut state = connection.lock().await;
    if state.idle_since == start && state.transaction.take().is_some() {
        state.rolled_back = Some(format!("it had no statement for {MAX_IDLE:?}"));
    }
}
