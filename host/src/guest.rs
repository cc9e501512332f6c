//! What an instance of a guest is given: its environment, its output, what it may reach.

use std::collections::BTreeMap;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::manifest::Component;
use crate::memory::MemoryBound;
use crate::outbound::NoOutbound;
use crate::stdio::Output;

/// What an instance of a guest owns on the host's side.
pub struct Guest {
    /// The guest's handles on the host's resources.
    pub table: ResourceTable,
    /// Its environment, clocks and output.
    pub wasi: WasiCtx,
    /// Limits of its HTTP messages.
    pub http: WasiHttpCtx,
    /// Which requests it may send.
    pub outbound: NoOutbound,
    /// How much memory it may have.
    pub memory: MemoryBound,
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

/// What every instance of one component is given, worked out once.
pub struct Provision {
    environment: BTreeMap<String, String>,
    output: Option<Output>,
}

impl Provision {
    /// Without `output`, it goes to the host's standard error alone.
    pub fn new(component: &Component, output: Option<Output>) -> Self {
        Self { environment: component.environment.clone(), output }
    }

    /// For one new instance.
    pub fn guest(&self, memory: MemoryBound) -> Guest {
        let mut wasi = WasiCtx::builder();
        match &self.output {
            Some(Output { stdout, stderr }) => wasi.stdout(stdout.clone()).stderr(stderr.clone()),
            // The host's standard output carries its start-up lines.
            None => wasi.stdout(tokio::io::stderr()).stderr(tokio::io::stderr()),
        };
        for (name, value) in &self.environment {
            wasi.env(name, value);
        }
        Guest {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: NoOutbound,
            memory,
        }
    }
}
