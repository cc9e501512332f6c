//! The application that a manifest describes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Located, ManifestError, Position};
use super::files::FileMounts;
use super::remote::Remote;
use super::route::RoutePattern;
use super::template::Template;
use super::variables::Variables;
use super::wasm::Wasm;

/// An application as its manifest describes it. Its paths are absolute or relative to the current folder.
#[derive(Debug, Clone)]
pub struct App {
    /// The manifest's path, as it was given.
    pub manifest: PathBuf,
    /// `application.name`
    pub name: String,
    /// `application.version`; empty if the manifest has none.
    pub version: String,
    /// The routes with their targets, in the manifest's order, without private routes.
    pub triggers: Vec<Trigger>,
    /// The components by id.
    pub components: BTreeMap<String, Component>,
    /// The variables, with the values that were given for them.
    pub variables: Variables,
    /// What the host leaves out or replaces, one line each: the server logs them when it starts.
    pub warnings: Vec<ManifestError>,
}

impl App {
    /// Reads a component's file without compiling it.
    ///
    /// # Errors
    ///
    /// If the file can't be used. The error has the position where the manifest names the file, and says what to do.
    pub fn wasm(&self, id: &str, component: &Component) -> Result<Wasm, ManifestError> {
        let wasm = match &component.remote {
            Some(remote) => remote.read(&component.source),
            None => Wasm::read(&component.source, component.build.is_some()),
        };
        wasm.map_err(|reason| self.unusable(id, component, &reason))
    }

    /// Returns why this host can't run a component whose file can be read; `None` if it can.
    pub fn unsupported(&self, id: &str, component: &Component, wasm: &Wasm) -> Option<ManifestError> {
        wasm.unsupported().map(|reason| self.unusable(id, component, &reason))
    }

    pub(crate) fn unusable(&self, id: &str, component: &Component, reason: &str) -> ManifestError {
        let message = format!("component {id:?}: {}: {reason}", component.source.display());
        ManifestError { path: self.manifest.clone(), position: Some(component.position), message }
    }

    /// Takes the components that come from URLs from this cache folder instead of Spin's.
    pub fn use_cache(&mut self, cache: &Path) {
        for component in self.components.values_mut() {
            if let Some(remote) = &component.remote {
                component.source = remote.file(cache);
            }
        }
    }

    /// The manifest's folder.
    pub fn folder(&self) -> &Path {
        folder_of(&self.manifest)
    }
}

/// A route and its target.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The manifest's id for the trigger, or one that is generated as Spin generates it.
    pub id: String,
    /// The paths that the route matches.
    pub route: RoutePattern,
    /// The target of the route's requests.
    pub target: RouteTarget,
}

/// The target of a route's requests.
#[derive(Debug, Clone)]
pub enum RouteTarget {
    /// The component that [`App::components`] has under this id.
    Component(String),
    /// The same response for every request.
    Static(http::Response<String>),
}

impl Trigger {
    /// The id of the target component; `None` if the response is static.
    pub fn component(&self) -> Option<&str> {
        match &self.target {
            RouteTarget::Component(id) => Some(id),
            RouteTarget::Static(_) => None,
        }
    }
}

/// A component as the manifest describes it.
#[derive(Debug, Clone)]
pub struct Component {
    /// A description for people; empty if the manifest has none.
    pub description: String,
    /// The path of the WebAssembly file; for a component from a URL, its path in a cache folder.
    pub source: PathBuf,
    /// Where the file comes from, if not from a path of the manifest.
    pub(crate) remote: Option<Remote>,
    /// The position where the manifest names the file.
    pub position: Position,
    /// The guest's environment variables.
    pub environment: BTreeMap<String, String>,
    /// How `source` is built; `None` if the manifest has no build command.
    pub build: Option<BuildConfig>,
    /// The values that the guest reads through Spin's variables interface.
    pub(crate) variables: BTreeMap<String, Template>,
    /// The files that the guest sees.
    pub(crate) files: FileMounts,
    /// Whether the guest may use the key-value store `default`.
    pub(crate) uses_key_value: bool,
    /// Whether the guest may use the database `default`.
    pub(crate) uses_sqlite: bool,
    /// The hosts that the guest may send requests to.
    pub(crate) allowed_hosts: Vec<Located<Template>>,
}

/// How a component is built: `component.ID.build`.
#[derive(Debug, Clone)]
pub struct BuildConfig {
    /// Shell commands, run in this order.
    pub commands: Vec<String>,
    /// The folder that the commands run in.
    pub workdir: PathBuf,
    /// Glob patterns of the component's sources, relative to `workdir`.
    pub watch: Vec<String>,
}

/// Returns the folder of the manifest at this path.
pub(super) fn folder_of(manifest: &Path) -> &Path {
    match manifest.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
