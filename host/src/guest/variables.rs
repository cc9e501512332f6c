//! The interfaces through which a guest reads its variables.

mod bindings {
    wasmtime::component::bindgen!({ path: "wit", world: "variables" });
}

use std::collections::BTreeMap;
use std::sync::Arc;

use bindings::fermyon::spin::variables as sdk5;
use bindings::spin::variables::variables as sdk7;
use bindings::wasi::config::store;
use wasmtime::component::{Accessor, HasSelf, Linker};

use crate::app::variables::check_name;

/// A component's variables, by name.
#[derive(Clone, Default)]
pub struct GuestVariables(Arc<BTreeMap<String, String>>);

/// The reason why a guest can't read a variable.
enum ReadError {
    InvalidName(String),
    Undefined(String),
}

impl GuestVariables {
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(Arc::new(variables))
    }

    fn read(&self, name: &str) -> Result<String, ReadError> {
        check_name(name).map_err(|reason| ReadError::InvalidName(format!("{name:?}: {reason}")))?;
        self.0.get(name).cloned().ok_or_else(|| {
            ReadError::Undefined(format!("the manifest gives this component no variable {name:?}"))
        })
    }
}

/// Adds the interfaces to the linker of a store whose data `T` holds the variables.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    variables: fn(&mut T) -> &mut GuestVariables,
) -> wasmtime::Result<()> {
    sdk5::add_to_linker::<_, HasSelf<GuestVariables>>(linker, variables)?;
    sdk7::add_to_linker::<_, HasSelf<GuestVariables>>(linker, variables)?;
    store::add_to_linker::<_, HasSelf<GuestVariables>>(linker, variables)
}

impl sdk5::Host for GuestVariables {
    fn get(&mut self, name: String) -> Result<String, sdk5::Error> {
        self.read(&name).map_err(|error| match error {
            ReadError::InvalidName(reason) => sdk5::Error::InvalidName(reason),
            ReadError::Undefined(reason) => sdk5::Error::Undefined(reason),
        })
    }
}

impl sdk7::Host for GuestVariables {}

impl<T: 'static> sdk7::HostWithStore<T> for HasSelf<GuestVariables> {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, sdk7::Error> {
        let value = accessor.with(|mut access| access.get().read(&name));
        value.map_err(|error| match error {
            ReadError::InvalidName(reason) => sdk7::Error::InvalidName(reason),
            ReadError::Undefined(reason) => sdk7::Error::Undefined(reason),
        })
    }
}

impl store::Host for GuestVariables {
    fn get(&mut self, key: String) -> Result<Option<String>, store::Error> {
        Ok(self.0.get(&key).cloned())
    }

    fn get_all(&mut self) -> Result<Vec<(String, String)>, store::Error> {
        Ok(self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}
