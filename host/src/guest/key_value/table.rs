//! The table of the key-value store. Its form is Spin's, so that both read each other's files.

use rusqlite::{Connection, OptionalExtension, params};

use crate::guest::storage::DEFAULT_LABEL;

/// Creates the table if it doesn't exist.
pub fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.execute(
        "CREATE TABLE IF NOT EXISTS spin_key_value (
            store TEXT NOT NULL,
            key   TEXT NOT NULL,
            value BLOB NOT NULL,

            PRIMARY KEY (store, key)
        )",
        [],
    )?;
    Ok(())
}

pub fn get(connection: &Connection, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.query_row(params![DEFAULT_LABEL, key], |row| row.get(0)).optional()
}

pub fn set(connection: &Connection, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
               ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute(params![DEFAULT_LABEL, key, value]).map(|_| ())
}

pub fn delete(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.execute(params![DEFAULT_LABEL, key]).map(|_| ())
}

pub fn keys(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")?;
    statement.query_map(params![DEFAULT_LABEL], |row| row.get(0))?.collect()
}
