//! The interfaces by which a guest uses the key-value store.

pub mod table;

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/key-value",
        world: "key-value-stores",
        imports: {
            "spin:key-value/key-value.[method]store.get-keys": async | store | trappable,
            default: async,
        },
        with: {
            "fermyon:spin/key-value.store": crate::guest::key_value::Store,
            "spin:key-value/key-value.store": crate::guest::key_value::Store,
        },
    });
}

use std::sync::Arc;

use bindings::fermyon::spin::key_value as sdk5;
use bindings::spin::key_value::key_value as sdk7;
use rusqlite::Connection;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Linker, Resource, StreamReader};

use super::storage::{DEFAULT_LABEL, Pool, StorageError};

/// The store that a component may use.
#[derive(Clone, Default)]
pub struct GuestKeyValue(Option<Arc<Pool>>);

/// A guest's handle of the store. All handles are the same: there is one store.
pub struct Store;

/// The reason why a guest's call fails.
enum CallError {
    /// The manifest doesn't give the component a store with this label.
    AccessDenied,
    Storage(StorageError),
}

impl GuestKeyValue {
    /// Returns the store for a component; `None` if the manifest gives it none.
    pub fn new(pool: Option<Arc<Pool>>) -> Self {
        Self(pool)
    }

    fn open(&self, label: &str) -> Result<Resource<Store>, CallError> {
        match self.0 {
            Some(_) if label == DEFAULT_LABEL => Ok(Resource::new_own(0)),
            _ => Err(CallError::AccessDenied),
        }
    }

    async fn run<R: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, CallError> {
        let pool = self.0.as_ref().ok_or(CallError::AccessDenied)?;
        pool.run(None, move |connection| work(connection)).await.0.map_err(CallError::Storage)
    }
}

/// Adds the interfaces to the linker of a store whose data `T` holds the key-value store.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    key_value: fn(&mut T) -> &mut GuestKeyValue,
) -> wasmtime::Result<()> {
    sdk5::add_to_linker::<_, HasSelf<GuestKeyValue>>(linker, key_value)?;
    sdk7::add_to_linker::<_, HasSelf<GuestKeyValue>>(linker, key_value)
}

impl From<CallError> for sdk5::Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::AccessDenied => Self::AccessDenied,
            CallError::Storage(error) => Self::Other(error.to_string()),
        }
    }
}

impl From<CallError> for sdk7::Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::AccessDenied => Self::AccessDenied,
            CallError::Storage(error) => Self::Other(error.to_string()),
        }
    }
}

impl sdk5::Host for GuestKeyValue {}

impl sdk5::HostStore for GuestKeyValue {
    async fn open(&mut self, label: String) -> Result<Resource<Store>, sdk5::Error> {
        Ok(GuestKeyValue::open(self, &label)?)
    }

    async fn get(&mut self, _: Resource<Store>, key: String) -> Result<Option<Vec<u8>>, sdk5::Error> {
        Ok(self.run(move |connection| table::get(connection, &key)).await?)
    }

    async fn set(&mut self, _: Resource<Store>, key: String, value: Vec<u8>) -> Result<(), sdk5::Error> {
        Ok(self.run(move |connection| table::set(connection, &key, &value)).await?)
    }

    async fn delete(&mut self, _: Resource<Store>, key: String) -> Result<(), sdk5::Error> {
        Ok(self.run(move |connection| table::delete(connection, &key)).await?)
    }

    async fn exists(&mut self, _: Resource<Store>, key: String) -> Result<bool, sdk5::Error> {
        Ok(self.run(move |connection| table::exists(connection, &key)).await?)
    }

    async fn get_keys(&mut self, _: Resource<Store>) -> Result<Vec<String>, sdk5::Error> {
        Ok(self.run(table::keys).await?)
    }

    async fn drop(&mut self, _: Resource<Store>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl sdk7::Host for GuestKeyValue {}

impl sdk7::HostStore for GuestKeyValue {
    async fn drop(&mut self, _: Resource<Store>) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// The store of the instance that calls.
fn of<T: 'static>(accessor: &Accessor<T, HasSelf<GuestKeyValue>>) -> GuestKeyValue {
    accessor.with(|mut access| access.get().clone())
}

impl<T: Send + 'static> sdk7::HostStoreWithStore<T> for HasSelf<GuestKeyValue> {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<Store>, sdk7::Error> {
        Ok(of(accessor).open(&label)?)
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        _: Resource<Store>,
        key: String,
    ) -> Result<Option<Vec<u8>>, sdk7::Error> {
        Ok(of(accessor).run(move |connection| table::get(connection, &key)).await?)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        _: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), sdk7::Error> {
        Ok(of(accessor).run(move |connection| table::set(connection, &key, &value)).await?)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        _: Resource<Store>,
        key: String,
    ) -> Result<(), sdk7::Error> {
        Ok(of(accessor).run(move |connection| table::delete(connection, &key)).await?)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        _: Resource<Store>,
        key: String,
    ) -> Result<bool, sdk7::Error> {
        Ok(of(accessor).run(move |connection| table::exists(connection, &key)).await?)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        _: Resource<Store>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), sdk7::Error>>)> {
        let (keys, result) = match of(accessor).run(table::keys).await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error.into())),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let result = FutureReader::new(&mut access, async move { wasmtime::error::Ok(result) })?;
            Ok((keys, result))
        })
    }
}
