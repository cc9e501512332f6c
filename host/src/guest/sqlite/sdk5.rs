//! `fermyon:spin/sqlite@2.0.0`, the interface of SDK 5.

use wasmtime::component::Resource;

use super::GuestSqlite;
use super::bindings::fermyon::spin::sqlite as wit;
use super::connection::GuestConnection;
use super::values::convert;

type Connection = Resource<GuestConnection>;

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

    async fn drop(&mut self, connection: Connection) -> wasmtime::Result<()> {
        self.close(connection)
    }
}
