//! `fermyon:spin/sqlite@2.0.0`, the interface of SDK 5.

use rusqlite::types::Value;
use wasmtime::component::Resource;

use super::bindings::fermyon::spin::sqlite as wit;
use super::connection::GuestConnection;
use super::statement::{QueryResult, Statement};
use super::{AccessDenied, GuestSqlite};
use crate::guest::storage::StorageError;

type Connection = Resource<GuestConnection>;

impl wit::Host for GuestSqlite {}

impl wit::HostConnection for GuestSqlite {
    async fn open(&mut self, database: String) -> wasmtime::Result<Result<Connection, wit::Error>> {
        Ok(GuestSqlite::open(self, &database)?.map_err(Into::into))
    }

    async fn execute(
        &mut self,
        connection: Connection,
        text: String,
        parameters: Vec<wit::Value>,
    ) -> wasmtime::Result<Result<wit::QueryResult, wit::Error>> {
        let connection = self.connection(&connection)?;
        Ok(connection.execute(statement(text, parameters)).await.map(rows).map_err(Into::into))
    }

    async fn drop(&mut self, connection: Connection) -> wasmtime::Result<()> {
        self.close(connection)
    }
}

impl From<StorageError> for wit::Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full(_) => Self::DatabaseFull,
            error => Self::Io(error.to_string()),
        }
    }
}

impl From<AccessDenied> for wit::Error {
    fn from(_: AccessDenied) -> Self {
        Self::AccessDenied
    }
}

fn statement(text: String, parameters: Vec<wit::Value>) -> Statement {
    let value = |value| match value {
        wit::Value::Integer(number) => Value::Integer(number),
        wit::Value::Real(number) => Value::Real(number),
        wit::Value::Text(text) => Value::Text(text),
        wit::Value::Blob(bytes) => Value::Blob(bytes),
        wit::Value::Null => Value::Null,
    };
    Statement { text, parameters: parameters.into_iter().map(value).collect() }
}

fn row(values: Vec<Value>) -> wit::RowResult {
    let value = |value| match value {
        Value::Integer(number) => wit::Value::Integer(number),
        Value::Real(number) => wit::Value::Real(number),
        Value::Text(text) => wit::Value::Text(text),
        Value::Blob(bytes) => wit::Value::Blob(bytes),
        Value::Null => wit::Value::Null,
    };
    wit::RowResult { values: values.into_iter().map(value).collect() }
}

fn rows(result: QueryResult) -> wit::QueryResult {
    wit::QueryResult { columns: result.columns, rows: result.rows.into_iter().map(row).collect() }
}
