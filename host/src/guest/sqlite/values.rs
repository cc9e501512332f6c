//! The values and errors of both interfaces, which have the same form but are different types.

/// Converts between SQLite's values and those of the interface `$wit`: `statement` makes a statement of a guest's call, `row`
/// and `rows` make a guest's result.
macro_rules! convert {
    ($wit:ident) => {
        impl From<$crate::guest::storage::StorageError> for $wit::Error {
            fn from(error: $crate::guest::storage::StorageError) -> Self {
                match error {
                    $crate::guest::storage::StorageError::Full(_) => Self::DatabaseFull,
                    error => Self::Io(error.to_string()),
                }
            }
        }

        impl From<$crate::guest::sqlite::AccessDenied> for $wit::Error {
            fn from(_: $crate::guest::sqlite::AccessDenied) -> Self {
                Self::AccessDenied
            }
        }

        fn statement(
            text: String,
            parameters: Vec<$wit::Value>,
        ) -> $crate::guest::sqlite::statement::Statement {
            let value = |value| match value {
                $wit::Value::Integer(number) => rusqlite::types::Value::Integer(number),
                $wit::Value::Real(number) => rusqlite::types::Value::Real(number),
                $wit::Value::Text(text) => rusqlite::types::Value::Text(text),
                $wit::Value::Blob(bytes) => rusqlite::types::Value::Blob(bytes),
                $wit::Value::Null => rusqlite::types::Value::Null,
            };
            let parameters = parameters.into_iter().map(value).collect();
            $crate::guest::sqlite::statement::Statement { text, parameters }
        }

        fn row(values: Vec<rusqlite::types::Value>) -> $wit::RowResult {
            let value = |value| match value {
                rusqlite::types::Value::Integer(number) => $wit::Value::Integer(number),
                rusqlite::types::Value::Real(number) => $wit::Value::Real(number),
                rusqlite::types::Value::Text(text) => $wit::Value::Text(text),
                rusqlite::types::Value::Blob(bytes) => $wit::Value::Blob(bytes),
                rusqlite::types::Value::Null => $wit::Value::Null,
            };
            $wit::RowResult { values: values.into_iter().map(value).collect() }
        }

        fn rows(result: $crate::guest::sqlite::statement::QueryResult) -> $wit::QueryResult {
            $wit::QueryResult { columns: result.columns, rows: result.rows.into_iter().map(row).collect() }
        }
    };
}

pub(super) use convert;
