//! What the guests of an application get: environment, variables, files, output, allowed hosts.

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtx;
use wasmtime_wasi::{FsPerms, WasiCtx};
use wasmtime_wasi_http::WasiHttpCtx;

use super::key_value::GuestKeyValue;
use super::memory::MemoryLimiter;
use super::outbound::{Outbound, OwnAppSlot};
use super::sqlite::GuestSqlite;
use super::state::Guest;
use super::stdio::GuestOutput;
use super::storage::Pool;
use super::stores::Stores;
use super::variables::GuestVariables;
use crate::app::allowed_hosts::{AllowedHosts, HostPattern};
use crate::app::variables::ResolvedVariables;
use crate::app::{App, Component, Located, ManifestError};
use crate::byte_size::ByteSize;
use crate::error::Error;

/// The resources of an application's guests, prepared once at the start.
pub struct AppResources<'a> {
    app: &'a App,
    variables: ResolvedVariables,
    /// Copies of the guests' files, by the component's id.
    files: BTreeMap<String, TempDir>,
    own_app: OwnAppSlot,
    stores: Stores,
}

impl<'a> AppResources<'a> {
    /// Resolves the variables of `app`, copies its files, and opens its stores, each of `max_store_size` at most.
    ///
    /// # Errors
    ///
    /// If a variable has no value, a file can't be copied, or a store can't be opened.
    pub fn prepare(app: &'a App, max_store_size: ByteSize) -> Result<Self, Error> {
        let variables = app.variables.resolve()?;
        let mut files = BTreeMap::new();
        for (id, component) in &app.components {
            if let Some(folder) = component.files.copy()? {
                files.insert(id.clone(), folder);
            }
        }
        let stores = Stores::open(app, max_store_size)?;
        Ok(Self { app, variables, files, own_app: OwnAppSlot::default(), stores })
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
            outbound: Outbound::new(id, self.allowed_hosts(component)?, self.own_app.clone()),
            filesystem,
            key_value: GuestKeyValue::new(self.stores.key_value.clone().filter(|_| component.uses_key_value)),
            database: self.stores.sqlite.clone().filter(|_| component.uses_sqlite),
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
            patterns.push(pattern);
        }
        Ok(AllowedHosts::new(patterns))
    }

    /// Where the guests find their own application. The server sets it.
    pub fn own_app(&self) -> &OwnAppSlot {
        &self.own_app
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
    key_value: GuestKeyValue,
    database: Option<Arc<Pool>>,
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
            key_value: self.key_value.clone(),
            sqlite: GuestSqlite::new(self.database.clone()),
        }
    }
}

fn read_only(folder: &TempDir) -> wasmtime::Result<WasiFilesystemCtx> {
    let mut wasi = WasiCtx::builder();
    wasi.preopened_dir(folder.path(), "/", FsPerms::ReadOnly)?;
    Ok(wasi.build().filesystem().clone())
}
