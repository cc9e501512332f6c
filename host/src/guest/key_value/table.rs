//! The table of the key-value store. Its form is Spin's, so that both read each other's files.

use rusqlite::{Connection, OptionalExtension, params};

use crate::guest::storage::DEFAULT_LABEL;

/// The maximum size of all keys together when a guest asks for them: the host holds them in memory.
const MAX_KEYS_BYTES: usize = 64 << 20;

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

pub fn exists(connection: &Connection, key: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.exists(params![DEFAULT_LABEL, key])
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
    keys_up_to(connection, MAX_KEYS_BYTES)
}

fn keys_up_to(connection: &Connection, max_bytes: usize) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")?;
    let mut size = 0;
    let keys = statement.query_map(params![DEFAULT_LABEL], |row| row.get(0))?.map(|key| {
        let key: String = key?;
        size += size_of::<String>() + key.len();
        if size > max_bytes {
            let message = format!("the keys have more than {max_bytes} bytes");
            return Err(rusqlite::Error::ToSqlConversionFailure(message.into()));
        }
        Ok(key)
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_all_keys_together_is_limited() {
        let mut connection = Connection::open_in_memory().unwrap();
        create(&mut connection).unwrap();
        for key in ["first", "second"] {
            set(&connection, key, b"value").unwrap();
        }
        let size = 2 * size_of::<String>() + "first".len() + "second".len();
        assert_eq!(keys_up_to(&connection, size).unwrap(), ["first", "second"]);
        let error = keys_up_to(&connection, size - 1).unwrap_err().to_string();
        assert_eq!(error, format!("the keys have more than {} bytes", size - 1));
    }
}
