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
    /// `Some` if the statement has inserted a row.
    pub last_insert_rowid: Option<i64>,
}

/// Runs the statement to its end.
///
/// # Errors
///
/// If SQLite refuses it, or it exceeds a limit.
pub fn run(connection: &mut Connection, statement: &Statement) -> rusqlite::Result<QueryResult> {
    let end = Instant::now() + MAX_TIME;
    connection.progress_handler(CLOCK_INTERVAL, Some(move || Instant::now() > end))?;
    let result = query(connection, statement);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    result
}

fn query(connection: &Connection, statement: &Statement) -> rusqlite::Result<QueryResult> {
    let mut prepared = connection.prepare_cached(&statement.text)?;
    let columns: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    let mut size = 0;
    let mut found = prepared.query(params_from_iter(&statement.parameters))?;
    while let Some(row) = found.next()? {
        rows.push(read(row, columns.len(), &mut size)?);
    }
    drop(found);
    let kind = Kind::of(&statement.text);
    let changes = (kind != Kind::Other).then(|| connection.changes());
    let has_inserted = kind == Kind::Insert && changes.is_some_and(|changes| changes > 0);
    let last_insert_rowid = has_inserted.then(|| connection.last_insert_rowid());
    Ok(QueryResult { columns, rows, changes, last_insert_rowid })
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

/// What a statement does, by its first word. Connections are shared, and keep the numbers of their last statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Insert,
    Change,
    Other,
}

impl Kind {
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.split_whitespace().next() {
            Some("insert" | "replace") => Self::Insert,
            Some("with") if text.contains("insert") => Self::Insert,
            Some("update" | "delete" | "with") => Self::Change,
            _ => Self::Other,
        }
    }
}
