//! An instance that takes no request.

use wasmtime::Store;

use super::admission::InstancePermit;
use crate::guest::Guest;

/// An instance that takes no request. Its slot is freed before its permit.
pub struct SpareInstance {
    _store: Store<Guest>,
    _permit: InstancePermit,
}

impl SpareInstance {
    pub fn new(store: Store<Guest>, permit: InstancePermit) -> Self {
        Self { _store: store, _permit: permit }
    }
}
