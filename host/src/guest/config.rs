//! What an instance of a guest is given: its environment, variables and files, its output, what it may reach.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tempfile::TempDir;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtx;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::Error;
use crate::guest_variables::GuestVariables;
use crate::manifest::{self, App, Component, Placed};
use crate::memory::MemoryBound;
use crate::outbound::{AllowedHosts, Outbound, Pattern};
use crate::stdio::Output;
use crate::variables::Values;

/// What an instance of a guest owns on the host's side.
pub struct Guest {
    /// The guest's handles on the host's resources.
    pub table: ResourceTable,
    /// Its environment, files, clocks and output.
    pub wasi: WasiCtx,
    /// Limits of its HTTP messages.
    pub http: WasiHttpCtx,
    /// Which requests it may send.
    pub outbound: Outbound,
    /// How much memory it may have.
    pub memory: MemoryBound,
    /// What it reads through Spin's interface for variables.
    pub variables: GuestVariables,
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

const NO_SELF_WITH_TLS: &str = "an application that calls itself can't be served with --tls-cert by the embedded host; \
    serve it in plain HTTP, or run this app with `spin up`";

/// What the components of an application are provided with, worked out once.
pub struct Supplies<'a> {
    app: &'a App,
    values: Values,
    /// By the component's id.
    files: BTreeMap<String, TempDir>,
    home: Home,
}

/// Where the application itself is served.
#[derive(Debug, Clone, Copy)]
pub struct Home {
    pub address: SocketAddr,
    pub tls: bool,
}

impl<'a> Supplies<'a> {
    /// For `app`, which is served at `home`.
    ///
    /// # Errors
    ///
    /// Where a variable has no value, or a file can't be had.
    pub fn gather(app: &'a App, home: Home) -> Result<Self, Error> {
        let values = app.variables.resolve()?;
        let mut files = BTreeMap::new();
        for (id, component) in &app.components {
            if let Some(folder) = component.files.gather()? {
                files.insert(id.clone(), folder);
            }
        }
        Ok(Self { app, values, files, home })
    }

    /// For the component with this id. Without `output`, what it prints goes to standard error alone.
    ///
    /// # Errors
    ///
    /// Where a host that it may call is none once its variables are put in.
    pub fn provision(
        &self,
        id: &str,
        component: &Component,
        output: Option<Output>,
    ) -> Result<Provision, Error> {
        let variables = component.variables.iter();
        let variables =
            variables.map(|(name, template)| (name.clone(), self.values.fill(template).text)).collect();
        let filesystem = match self.files.get(id) {
            Some(folder) => read_only(folder)
                .map_err(|error| Error::Engine(format!("the files of component {id:?}: {error:#}")))?,
            None => WasiFilesystemCtx::default(),
        };
        Ok(Provision {
            environment: component.environment.clone(),
            output,
            variables: GuestVariables::new(variables),
            outbound: Outbound::new(id, self.allowed_hosts(component)?, self.home.address),
            filesystem,
        })
    }

    /// An entry whose variables leave no host is no host that is allowed, as in Spin.
    fn allowed_hosts(&self, component: &Component) -> Result<AllowedHosts, Error> {
        let mut patterns = Vec::new();
        for Placed { value, place } in &component.outbound {
            let filled = self.values.fill(value);
            if matches!(filled.text.as_str(), "" | "http://" | "https://") {
                continue;
            }
            let refused =
                |message| manifest::Error { path: self.app.manifest.clone(), place: Some(*place), message };
            let pattern = Pattern::parse(&filled.text).map_err(|reason| {
                let reason =
                    if filled.secret { "its value is a secret, and no allowed host".into() } else { reason };
                refused(format!("with the variables put in: {reason}"))
            })?;
            // It would be called in plain HTTP, and under a name that its certificate may not have.
            if self.home.tls && pattern.is_self() {
                return Err(refused(NO_SELF_WITH_TLS.to_owned()).into());
            }
            patterns.push(pattern);
        }
        Ok(AllowedHosts::new(patterns))
    }

    /// The folders that the guests see. Instances may outlast the server by a moment: the server keeps
    /// these, so that they are removed when it ends.
    pub fn into_folders(self) -> Vec<TempDir> {
        self.files.into_values().collect()
    }
}

/// What every instance of one component is given.
pub struct Provision {
    environment: BTreeMap<String, String>,
    output: Option<Output>,
    variables: GuestVariables,
    outbound: Outbound,
    filesystem: WasiFilesystemCtx,
}

impl Provision {
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
        let mut wasi = wasi.build();
        // All instances share the open folder.
        *wasi.filesystem() = self.filesystem.clone();
        Guest {
            table: ResourceTable::new(),
            wasi,
            http: WasiHttpCtx::new(),
            outbound: self.outbound.clone(),
            memory,
            variables: self.variables.clone(),
        }
    }
}

fn read_only(folder: &TempDir) -> wasmtime::Result<WasiFilesystemCtx> {
    let mut wasi = WasiCtx::builder();
    wasi.preopened_dir(folder.path(), "/", FsPerms::ReadOnly)?;
    Ok(wasi.build().filesystem().clone())
}
