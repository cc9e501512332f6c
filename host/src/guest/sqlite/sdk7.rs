//! `spin:sqlite@3.1.0`, the interface of SDK 7.

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

use super::GuestSqlite;
use super::bindings::spin::sqlite::sqlite as wit;
use super::connection::GuestConnection;
use super::values::convert;

type Connection = Resource<GuestConnection>;
/// The columns, the rows, and whether all rows are there.
type Streamed = (Vec<String>, StreamReader<wit::RowResult>, FutureReader<Result<(), wit::Error>>);

convert!(wit);

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

    async fn last_insert_rowid(&mut self, connection: Connection) -> wasmtime::Result<i64> {
        Ok(self.connection(&connection)?.last_insert_rowid().await)
    }

    async fn changes(&mut self, connection: Connection) -> wasmtime::Result<u64> {
        Ok(self.connection(&connection)?.changes().await)
    }

    async fn drop(&mut self, connection: Connection) -> wasmtime::Result<()> {
        self.close(connection)
    }
}

impl<T: Send + 'static> wit::HostConnectionWithStore<T> for HasSelf<GuestSqlite> {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> wasmtime::Result<Result<Connection, wit::Error>> {
        Ok(accessor.with(|mut access| access.get().open(&database))?.map_err(Into::into))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Connection,
        text: String,
        parameters: Vec<wit::Value>,
    ) -> wasmtime::Result<Result<Streamed, wit::Error>> {
        let connection = accessor.with(|mut access| access.get().connection(&connection))?;
        let result = match connection.execute(statement(text, parameters)).await {
            Ok(result) => result,
            Err(error) => return Ok(Err(error.into())),
        };
        accessor.with(|mut access| {
            let rows: Vec<_> = result.rows.into_iter().map(row).collect();
            let rows = StreamReader::new(&mut access, rows)?;
            let complete = FutureReader::new(&mut access, async { wasmtime::error::Ok(Ok(())) })?;
            Ok(Ok((result.columns, rows, complete)))
        })
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        connection: Connection,
    ) -> wasmtime::Result<i64> {
        let connection = accessor.with(|mut access| access.get().connection(&connection))?;
        Ok(connection.last_insert_rowid().await)
    }

    async fn changes_async(accessor: &Accessor<T, Self>, connection: Connection) -> wasmtime::Result<u64> {
        let connection = accessor.with(|mut access| access.get().connection(&connection))?;
        Ok(connection.changes().await)
    }
}
