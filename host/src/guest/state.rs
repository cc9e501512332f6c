//! The data of a store: what an instance of a guest owns on the host's side.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::key_value::GuestKeyValue;
use super::memory::MemoryLimiter;
use super::outbound::Outbound;
use super::sqlite::GuestSqlite;
use super::variables::GuestVariables;

/// The host's state for one instance of a guest.
pub struct Guest {
    /// The guest's handles to resources of the host.
    pub table: ResourceTable,
    /// The guest's environment, files, clocks and output.
    pub wasi: WasiCtx,
    /// The limits of the guest's HTTP messages.
    pub http: WasiHttpCtx,
    /// Sends the guest's requests.
    pub outbound: Outbound,
    /// The limit of the guest's memory.
    pub memory: MemoryLimiter,
    /// The values that the guest reads through Spin's variables interface.
    pub variables: GuestVariables,
    /// The key-value store that the guest may use.
    pub key_value: GuestKeyValue,
    /// The database that the guest may use.
    pub sqlite: GuestSqlite,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outbound, table: &mut self.table, ctx: &mut self.http }
    }
}
