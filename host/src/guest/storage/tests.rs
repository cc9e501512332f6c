use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::{JoinSet, yield_now};

use super::*;
use crate::byte_size::ByteSize;

/// A file with a table.
fn open() -> (TempDir, Arc<Pool>) {
    let folder = tempfile::tempdir().unwrap();
    let pool = Pool::open(&folder.path().join("a.db"), ByteSize::mib(256), |connection| {
        connection.execute_batch("CREATE TABLE IF NOT EXISTS t (a)")
    });
    (folder, pool.map_err(|error| error.to_string()).unwrap())
}

fn insert(connection: &mut Connection) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO t VALUES (1)", [])
}

fn count(connection: &mut Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
}

/// Begins a transaction that has the lock of the file.
async fn lock(pool: &Arc<Pool>) -> Transaction {
    let begin =
        |connection: &mut Connection| connection.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (0)");
    let (result, transaction) = pool.run(None, begin).await;
    result.unwrap();
    transaction.expect("a transaction is open")
}

#[tokio::test]
async fn readers_do_not_wait_behind_writers_that_wait_for_the_lock() {
    let (_folder, pool) = open();
    let transaction = lock(&pool).await;
    let mut writers = JoinSet::new();
    for _ in 0..16 {
        let pool = pool.clone();
        writers.spawn(async move { pool.run(None, insert).await.0 });
    }
    while pool.has_places_for_locked_out() {
        yield_now().await;
    }
    for _ in 0..16 {
        assert_eq!(pool.run(None, count).await.0.unwrap(), 0);
    }
    assert!(writers.try_join_next().is_none(), "a writer doesn't have the lock");
    let (result, transaction) =
        pool.run(Some(transaction), |connection| connection.execute_batch("COMMIT")).await;
    assert!(result.is_ok() && transaction.is_none());
    for written in writers.join_all().await {
        assert_eq!(written.unwrap(), 1);
    }
    assert_eq!(pool.run(None, count).await.0.unwrap(), 17);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back_and_leaves_the_lock() {
    let (_folder, pool) = open();
    drop(lock(&pool).await);
    assert_eq!(pool.run(None, insert).await.0.unwrap(), 1);
    assert_eq!(pool.run(None, count).await.0.unwrap(), 1);
}

#[tokio::test]
async fn the_number_of_open_transactions_is_limited() {
    let (_folder, pool) = open();
    let begin = |connection: &mut Connection| connection.execute_batch("BEGIN");
    let mut open = Vec::new();
    let error = loop {
        match pool.run(None, begin).await {
            (Ok(()), Some(transaction)) => open.push(transaction),
            (Err(error), None) => break error,
            _ => panic!("a transaction is open, or an error says why not"),
        }
    };
    assert!(matches!(error, StorageError::TooManyTransactions), "{error}");
    assert_eq!(open.len(), 64);
    // Statements without a transaction, and those within one, still run.
    assert_eq!(pool.run(None, insert).await.0.unwrap(), 1);
    let (result, ended) = pool.run(open.pop(), |connection| connection.execute_batch("COMMIT")).await;
    assert!(result.is_ok() && ended.is_none());
    assert!(pool.run(None, begin).await.1.is_some(), "there is a place again");
}

#[tokio::test]
async fn a_value_has_64_mib_at_most() {
    let (_folder, pool) = open();
    let store = |bytes: usize| {
        pool.run(None, move |connection| connection.execute("INSERT INTO t VALUES (?1)", [vec![0_u8; bytes]]))
    };
    let error = store((64 << 20) + 1).await.0.unwrap_err();
    assert!(error.to_string().contains("too big"), "{error}");
    assert_eq!(store(1 << 20).await.0.unwrap(), 1);
}
