//! What the guests of an application get: environment, variables, files, output, allowed hosts.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tempfile::TempDir;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtx;
use wasmtime_wasi::{FsPerms, WasiCtx};
use wasmtime_wasi_http::WasiHttpCtx;

use super::memory::MemoryLimiter;
use super::outbound::Outbound;
use super::state::Guest;
use super::stdio::GuestOutput;
use super::variables::GuestVariables;
use crate::app::allowed_hosts::{AllowedHosts, HostPattern};
use crate::app::variables::ResolvedVariables;
use crate::app::{App, Component, Located, ManifestError};
use crate::error::Error;

const SELF_WITH_TLS: &str = "the embedded host can't serve an application that calls itself with --tls-cert; \
    serve it over plain HTTP, or run this app with `spin up`";

/// The resources of an application's guests, prepared once at the start.
pub struct AppResources<'a> {
    app: &'a App,
    variables: ResolvedVariables,
    /// Copies of the guests' files, by the component's id.
    files: BTreeMap<String, TempDir>,
    address: AppAddress,
}

/// The address of the application's own server.
#[derive(Debug, Clone, Copy)]
pub struct AppAddress {
    pub address: SocketAddr,
    /// Whether the server speaks HTTPS.
    pub tls: bool,
}

impl<'a> AppResources<'a> {
    /// Resolves the variables of `app`, and copies its files.
    ///
    /// # Errors
    ///
    /// If a variable has no value, or a file can't be copied.
    pub fn prepare(app: &'a App, address: AppAddress) -> Result<Self, Error> {
        let variables = app.variables.resolve()?;
        let mut files = BTreeMap::new();
        for (id, component) in &app.components {
            if let Some(folder) = component.files.copy()? {
                files.insert(id.clone(), folder);
            }
        }
        Ok(Self { app, variables, files, address })
    }

    /// Returns the configuration of the component with this id. Without `output`, the guest's output goes to standard
    /// error only.
    ///
    /// # Errors
    ///
    /// If an allowed host is invalid after its variables were replaced.
    pub fn guest_config(
        &self,
        id: &str,
        component: &Component,
        output: Option<GuestOutput>,
    ) -> Result<GuestConfig, Error> {
        let variables = component.variables.iter();
        let variables =
            variables.map(|(name, template)| (name.clone(), self.variables.expand(template).text)).collect();
        let filesystem = match self.files.get(id) {
            Some(folder) => read_only(folder)
                .map_err(|error| Error::Engine(format!("the files of component {id:?}: {error:#}")))?,
            None => WasiFilesystemCtx::default(),
        };
        Ok(GuestConfig {
            environment: component.environment.clone(),
            output,
            variables: GuestVariables::new(variables),
            outbound: Outbound::new(id, self.allowed_hosts(component)?, self.address.address),
            filesystem,
        })
    }

    /// As in Spin, an entry allows nothing if its variables leave no host.
    fn allowed_hosts(&self, component: &Component) -> Result<AllowedHosts, Error> {
        let mut patterns = Vec::new();
        for Located { value, position } in &component.allowed_hosts {
            let resolved = self.variables.expand(value);
            if matches!(resolved.text.as_str(), "" | "http://" | "https://") {
                continue;
            }
            let error = |message| ManifestError {
                path: self.app.manifest.clone(),
                position: Some(*position),
                message,
            };
            let pattern = HostPattern::parse(&resolved.text).map_err(|reason| {
                let reason = match resolved.has_secret {
                    true => "its value is a secret, and not an allowed host".to_owned(),
                    false => reason,
                };
                error(format!("with its variables replaced: {reason}"))
            })?;
            // The guest would call it over plain HTTP, or by a name that its certificate may not have.
            if self.address.tls && pattern.is_self() {
                return Err(error(SELF_WITH_TLS.to_owned()).into());
            }
            patterns.push(pattern);
        }
        Ok(AllowedHosts::new(patterns))
    }

    /// Returns the folders with the guests' files. They are removed when they are dropped. The server keeps them, since
    /// instances may outlast the server by a moment.
    pub fn into_folders(self) -> Vec<TempDir> {
        self.files.into_values().collect()
    }
}

/// The configuration that all instances of one component share.
pub struct GuestConfig {
    environment: BTreeMap<String, String>,
    output: Option<GuestOutput>,
    variables: GuestVariables,
    outbound: Outbound,
    filesystem: WasiFilesystemCtx,
}

impl GuestConfig {
    /// Returns the state of a new instance.
    pub fn new_guest(&self, memory: MemoryLimiter) -> Guest {
        let mut wasi = WasiCtx::builder();
        match &self.output {
            Some(GuestOutput { stdout, stderr }) => wasi.stdout(stdout.clone()).stderr(stderr.clone()),
            // Not to the host's standard output, which carries its start-up lines.
            None => wasi.stdout(tokio::io::stderr()).stderr(tokio::io::stderr()),
        };
        for (name, value) in &self.environment {
            wasi.env(name, value);
        }
        let mut wasi = wasi.build();
        // A clone shares the open folder.
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
