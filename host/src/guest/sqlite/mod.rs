//! The interfaces by which a guest uses the SQLite database.

mod connection;
pub mod restriction;
mod sdk5;
mod sdk7;
mod statement;
mod values;

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/sqlite",
        world: "sqlite-databases",
        imports: {
            "fermyon:spin/sqlite.[static]connection.open": async | trappable,
            "spin:sqlite/sqlite.[static]connection.open": async | trappable,
            "spin:sqlite/sqlite.[static]connection.open-async": async | store | trappable,
            "spin:sqlite/sqlite.[method]connection.execute-async": async | store | trappable,
            default: async | trappable,
        },
        with: {
            "fermyon:spin/sqlite.connection": crate::guest::sqlite::connection::GuestConnection,
            "spin:sqlite/sqlite.connection": crate::guest::sqlite::connection::GuestConnection,
        },
    });
}

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};

use super::storage::{DEFAULT_LABEL, Pool};
use connection::GuestConnection;

/// The database that a component may use, and the connections that an instance has opened.
#[derive(Default)]
pub struct GuestSqlite {
    database: Option<Arc<Pool>>,
    connections: ResourceTable,
}

/// The manifest doesn't give the component a database with this label.
struct AccessDenied;

impl GuestSqlite {
    /// Returns the database for a new instance; `None` if the manifest gives its component none.
    pub fn new(database: Option<Arc<Pool>>) -> Self {
        Self { database, connections: ResourceTable::new() }
    }

    fn open(&mut self, label: &str) -> wasmtime::Result<Result<Resource<GuestConnection>, AccessDenied>> {
        match &self.database {
            Some(database) if label == DEFAULT_LABEL => {
                Ok(Ok(self.connections.push(GuestConnection::new(database.clone()))?))
            }
            _ => Ok(Err(AccessDenied)),
        }
    }

    fn connection(&self, connection: &Resource<GuestConnection>) -> wasmtime::Result<GuestConnection> {
        Ok(self.connections.get(connection)?.clone())
    }

    fn close(&mut self, connection: Resource<GuestConnection>) -> wasmtime::Result<()> {
        self.connections.delete(connection)?;
        Ok(())
    }
}

/// Adds the interfaces to the linker of a store whose data `T` holds the database.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    sqlite: fn(&mut T) -> &mut GuestSqlite,
) -> wasmtime::Result<()> {
    bindings::fermyon::spin::sqlite::add_to_linker::<_, HasSelf<GuestSqlite>>(linker, sqlite)?;
    bindings::spin::sqlite::sqlite::add_to_linker::<_, HasSelf<GuestSqlite>>(linker, sqlite)
}
