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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use rusqlite::types::Value;
    use tempfile::TempDir;
    use tokio::time::sleep;

    use super::*;
    use crate::byte_size::ByteSize;

    const SECOND: Duration = Duration::from_secs(1);
    /// Takes long enough to be cancelled.
    const LONG_INSERT: &str = "INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 1000000) \
                               SELECT max(n) FROM c";

    /// A database with a table, and two connections of guests.
    fn open() -> (TempDir, [GuestConnection; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::open(&folder.path().join("a.db"), ByteSize::mib(16), |connection| {
            connection.execute_batch("CREATE TABLE IF NOT EXISTS t (a)")
        });
        let pool = pool.map_err(|error| error.to_string()).unwrap();
        (folder, [(); 2].map(|()| GuestConnection::new(pool.clone())))
    }

    fn statement(text: &str) -> Statement {
        Statement { text: text.to_owned(), parameters: Vec::new() }
    }

    async fn run(connection: &GuestConnection, text: &str) -> Result<Vec<Vec<Value>>, String> {
        connection.execute(statement(text)).await.map(|result| result.rows).map_err(|error| error.to_string())
    }

    async fn count(connection: &GuestConnection) -> i64 {
        match run(connection, "SELECT count(*) FROM t").await.unwrap()[0][0] {
            Value::Integer(count) => count,
            _ => panic!("a count is an integer"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_transaction_without_a_statement_is_rolled_back() {
        let (_folder, [connection, other]) = open();
        run(&connection, "BEGIN IMMEDIATE").await.unwrap();
        run(&connection, "INSERT INTO t VALUES (1)").await.unwrap();
        sleep(MAX_IDLE - SECOND).await;
        assert_eq!(count(&connection).await, 1, "a statement keeps it open");
        sleep(MAX_IDLE + SECOND).await;
        run(&other, "INSERT INTO t VALUES (2)").await.expect("the lock is free");
        let error = run(&connection, "COMMIT").await.unwrap_err();
        assert_eq!(error, "the transaction was rolled back: it had no statement for 30s");
        assert_eq!(count(&connection).await, 1, "the connection can be used again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_transaction_that_has_ended_is_not_rolled_back_later() {
        let (_folder, [connection, _]) = open();
        for text in ["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"] {
            run(&connection, text).await.unwrap();
        }
        sleep(2 * MAX_IDLE).await;
        assert_eq!(count(&connection).await, 1);
    }

    #[tokio::test]
    async fn a_cancelled_statement_rolls_its_transaction_back() {
        let (_folder, [connection, other]) = open();
        run(&connection, "BEGIN IMMEDIATE").await.unwrap();
        assert!(connection.execute(statement(LONG_INSERT)).now_or_never().is_none());
        let error = run(&connection, "COMMIT").await.unwrap_err();
        assert_eq!(error, "the transaction was rolled back: a statement in it was cancelled");
        run(&other, "INSERT INTO t VALUES (2)").await.expect("the lock becomes free");
        assert_eq!(count(&connection).await, 1);
    }

    #[tokio::test]
    async fn a_cancelled_statement_without_a_transaction_is_done_nevertheless() {
        let (_folder, [connection, other]) = open();
        assert!(connection.execute(statement(LONG_INSERT)).now_or_never().is_none());
        while count(&other).await == 0 {}
        assert_eq!(count(&connection).await, 1);
    }
}
