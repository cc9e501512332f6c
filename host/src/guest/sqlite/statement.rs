//! Runs one statement of a guest.

use std::time::{Duration, Instant};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

/// How long a statement may compute.
const MAX_TIME: Duration = Duration::from_secs(30);
/// The number of SQLite's instructions between two looks at the clock.
const CLOCK_INTERVAL: i32 = 10_000;
/// The maximum size of a result, which the host holds in memory.
const MAX_RESULT_BYTES: usize = 64 << 20;

/// A statement with its parameters.
pub struct Statement {
    pub text: String,
    pub parameters: Vec<Value>,
}

/// What a statement returns.
#[derive(Default)]
pub struct QueryResult {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// `Some` if the statement changes rows: their number.
    pub changes: Option<u64>,
    /// The row id of the guest's last row.
    pub last_insert_rowid: i64,
}

/// Runs the statement to its end, for a guest whose last row has the id `last_insert_rowid`.
///
/// # Errors
///
/// If SQLite refuses it, or it exceeds a limit.
pub fn run(
    connection: &mut Connection,
    statement: &Statement,
    last_insert_rowid: i64,
) -> rusqlite::Result<QueryResult> {
    set_last_insert_rowid(connection, last_insert_rowid);
    let end = Instant::now() + MAX_TIME;
    connection.progress_handler(CLOCK_INTERVAL, Some(move || Instant::now() > end))?;
    let result = query(connection, statement);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    result
}

fn query(connection: &Connection, statement: &Statement) -> rusqlite::Result<QueryResult> {
    let mut prepared = connection.prepare_cached(&statement.text)?;
    let columns: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let mut rows = Vec::new();
    let mut size = 0;
    let changes_before = connection.total_changes();
    let mut found = prepared.query(params_from_iter(&statement.parameters))?;
    while let Some(row) = found.next()? {
        rows.push(read(row, columns.len(), &mut size)?);
    }
    drop(found);
    // SQLite keeps the number of an earlier statement, of any guest, if this one can't change rows.
    let has_changed = connection.total_changes() != changes_before;
    let changes = (!prepared.readonly()).then(|| if has_changed { connection.changes() } else { 0 });
    Ok(QueryResult { columns, rows, changes, last_insert_rowid: connection.last_insert_rowid() })
}

fn read(row: &Row<'_>, columns: usize, size: &mut usize) -> rusqlite::Result<Vec<Value>> {
    let mut values = Vec::with_capacity(columns);
    for index in 0..columns {
        let value = row.get_ref(index)?;
        *size += size_of::<Value>() + value.as_bytes_or_null().ok().flatten().map_or(0, <[u8]>::len);
        if *size > MAX_RESULT_BYTES {
            let message =
                format!("the result has more than {MAX_RESULT_BYTES} bytes; read it in parts, with LIMIT");
            return Err(rusqlite::Error::ToSqlConversionFailure(message.into()));
        }
        values.push(match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        });
    }
    Ok(values)
}

/// Sets what the connection gives as the last row id. Connections are shared, and keep that of another guest.
#[expect(unsafe_code, reason = "the handle is used while the connection is borrowed, and not kept")]
fn set_last_insert_rowid(connection: &Connection, id: i64) {
    // SAFETY: the handle is that of an open connection, and SQLite allows any number.
    unsafe { rusqlite::ffi::sqlite3_set_last_insert_rowid(connection.handle(), id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_row_ids_are_those_of_the_guest() {
        let mut connection = Connection::open_in_memory().unwrap();
        let mut run = |text: &str, last: i64| {
            let result = run(&mut connection, &Statement { text: text.to_owned(), parameters: vec![] }, last);
            result.map(|result| (result.changes, result.last_insert_rowid)).unwrap()
        };
        run("CREATE TABLE t (a)", 0);
        assert_eq!(run("/* one */ INSERT INTO t VALUES (1)", 0), (Some(1), 1));
        assert_eq!(run("WITH w AS (SELECT 2) INSERT INTO t SELECT * FROM w", 1), (Some(1), 2));
        // Another guest, which has inserted nothing.
        assert_eq!(run("SELECT a FROM t", 0), (None, 0));
        assert_eq!(run("-- all\nUPDATE t SET a = 3", 0), (Some(2), 0));
        assert_eq!(run("WITH w AS (SELECT 'insert') SELECT * FROM w", 0), (None, 0));
        assert_eq!(run("CREATE TABLE u (a)", 0), (Some(0), 0));
        assert_eq!(run("INSERT INTO u SELECT last_insert_rowid()", 2), (Some(1), 1));
    }
}
