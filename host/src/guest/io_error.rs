//! The text of an error of `wasi:io` as guests get it.
//!
//! wasmtime's text ends with a backtrace of the host if `RUST_BACKTRACE` is set, and guests send the text to their clients.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi_io::bindings::wasi::io::error;
use wasmtime_wasi_io::streams::Error;

use super::state::Guest;

struct PlainErrors;

struct Errors<'a>(&'a mut ResourceTable);

impl HasData for PlainErrors {
    type Data<'a> = Errors<'a>;
}

/// Replaces wasmtime's implementation in a linker that allows it.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    error::add_to_linker::<_, PlainErrors>(linker, |guest| Errors(&mut guest.table))
}

impl error::Host for Errors<'_> {}

impl error::HostError for Errors<'_> {
    fn to_debug_string(&mut self, error: Resource<Error>) -> wasmtime::Result<String> {
        // The message and its causes, on one line.
        Ok(format!("{:#}", self.0.get(&error)?))
    }

    fn drop(&mut self, error: Resource<Error>) -> wasmtime::Result<()> {
        self.0.delete(error)?;
        Ok(())
    }
}
