//! A guest's connection to the database.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::statement::{self, QueryResult, Statement};
use crate::guest::storage::{Pool, StorageError, Transaction};

/// A guest's connection. Between transactions it holds no connection of the pool.
#[derive(Clone)]
pub struct GuestConnection(Arc<Mutex<State>>);

struct State {
    database: Arc<Pool>,
    /// The transaction that the guest has begun and not ended.
    transaction: Option<Transaction>,
    last_insert_rowid: i64,
    changes: u64,
}

impl GuestConnection {
    pub fn new(database: Arc<Pool>) -> Self {
        let state = State { database, transaction: None, last_insert_rowid: 0, changes: 0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Runs a statement, after those that the guest has begun on this connection.
    pub async fn execute(&self, statement: Statement) -> Result<QueryResult, StorageError> {
        let state = &mut *self.0.lock().await;
        let transaction = state.transaction.take();
        let run = state.database.run(transaction, move |connection| statement::run(connection, &statement));
        let (result, transaction) = run.await;
        state.transaction = transaction;
        let result = result?;
        state.changes = result.changes.unwrap_or(state.changes);
        state.last_insert_rowid = result.last_insert_rowid.unwrap_or(state.last_insert_rowid);
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
