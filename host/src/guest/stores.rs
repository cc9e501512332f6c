//! The stores of an application: files under `.spin/`, one for the key-value store and one for the database, as in Spin.

use std::path::Path;
use std::sync::Arc;

use super::key_value::table;
use super::sqlite::restriction;
use super::storage::{Configure, Pool};
use crate::app::App;
use crate::byte_size::ByteSize;
use crate::error::Error;

/// The folder beside the manifest, and the files in it, as in Spin.
const FOLDER: &str = ".spin";
const KEY_VALUE_FILE: &str = "sqlite_key_value.db";
const DATABASE_FILE: &str = "sqlite_db.db";

/// The stores of an application; `None` if no component may use one.
pub struct Stores {
    pub key_value: Option<Arc<Pool>>,
    pub sqlite: Option<Arc<Pool>>,
}

impl Stores {
    /// Opens the files that components of `app` use. Creates those that don't exist.
    ///
    /// # Errors
    ///
    /// If a file can't be used.
    pub fn open(app: &App, max_size: ByteSize) -> Result<Self, Error> {
        let folder = app.folder().join(FOLDER);
        let uses_key_value = app.components.values().any(|component| component.uses_key_value);
        let uses_sqlite = app.components.values().any(|component| component.uses_sqlite);
        Ok(Self {
            key_value: uses_key_value
                .then(|| open(&folder.join(KEY_VALUE_FILE), max_size, table::create))
                .transpose()?,
            sqlite: uses_sqlite
                .then(|| open(&folder.join(DATABASE_FILE), max_size, restriction::apply))
                .transpose()?,
        })
    }
}

fn open(path: &Path, max_size: ByteSize, configure: Configure) -> Result<Arc<Pool>, Error> {
    Pool::open(path, max_size, configure)
        .map_err(|reason| Error::Storage { path: path.to_owned(), reason: reason.to_string() })
}
