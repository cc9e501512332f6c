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
use crate::outbound::{AllowedHosts, Outbound, Pattern};
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

/// What every instance of one component is given, worked out once.
pub struct Provision {
    environment: BTreeMap<String, String>,
    variables: GuestVariables,
    outbound: Outbound,
    filesystem: WasiFilesystemCtx,
    /// Removed when the last instance is gone.
    _files: Option<TempDir>,
}

impl Provision {
    /// For the component `id` of `app`, which listens on `home`, with the values of the app's variables.
    ///
    /// # Errors
    ///
    /// Where its files can't be had, or a host that it may reach is none once its variables are put in.
    pub fn new(
        app: &App,
        id: &str,
        component: &Component,
        values: &Values,
        home: SocketAddr,
    ) -> Result<Self, Error> {
        let variables = component.variables.iter();
        let variables =
            variables.map(|(name, template)| (name.clone(), values.fill(template).text)).collect();
        let files = component.files.gather()?;
        let filesystem = match &files {
            Some(folder) => read_only(folder)
                .map_err(|error| Error::Engine(format!("the files of component {id:?}: {error:#}")))?,
            None => WasiFilesystemCtx::default(),
        };
        Ok(Self {
            environment: component.environment.clone(),
            variables: GuestVariables::new(variables),
            outbound: Outbound::new(id, allowed_hosts(app, component, values)?, home),
            filesystem,
            _files: files,
        })
    }

    /// For one new instance.
    pub fn guest(&self) -> Guest {
        let mut wasi = WasiCtx::builder();
        // The host's standard output carries its start-up lines: guests write to its standard error.
        wasi.stdout(tokio::io::stderr()).stderr(tokio::io::stderr());
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
            variables: self.variables.clone(),
        }
    }
}

fn read_only(folder: &TempDir) -> wasmtime::Result<WasiFilesystemCtx> {
    let mut wasi = WasiCtx::builder();
    wasi.preopened_dir(folder.path(), "/", FsPerms::ReadOnly)?;
    Ok(wasi.build().filesystem().clone())
}

/// An entry whose variables leave no host is no host that is allowed, as in Spin.
fn allowed_hosts(app: &App, component: &Component, values: &Values) -> Result<AllowedHosts, Error> {
    let mut patterns = Vec::new();
    for Placed { value, place } in &component.outbound {
        let filled = values.fill(value);
        if matches!(filled.text.as_str(), "" | "http://" | "https://") {
            continue;
        }
        patterns.push(Pattern::parse(&filled.text).map_err(|reason| {
            let reason =
                if filled.secret { "its value is a secret, and no allowed host".into() } else { reason };
            manifest::Error {
                path: app.manifest.clone(),
                place: Some(*place),
                message: format!("with the variables put in: {reason}"),
            }
        })?);
    }
    Ok(AllowedHosts::new(patterns))
}
