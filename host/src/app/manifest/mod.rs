//! Reads a Spin manifest, version 2, into an [`App`].
//!
//! Every key of the format is known here: each is honoured, or refused by name with its place.

mod component;
mod error;
mod schema;
mod trigger;
mod variables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use error::Placed;
use error::Source;
pub use error::{Error, Place};
pub use schema::Build;

use crate::files::Files;
use crate::routes::Pattern;
use crate::template::Template;
use crate::variables::Variables;
use crate::wasm::Wasm;

/// An application as its manifest describes it, with paths made absolute or relative to the
/// current folder.
#[derive(Debug, Clone)]
pub struct App {
    /// The manifest's path, as it was given.
    pub manifest: PathBuf,
    /// `application.name`
    pub name: String,
    /// `application.version`; empty where the manifest has none.
    pub version: String,
    /// What answers which route, in the manifest's order; private routes are left out.
    pub triggers: Vec<Trigger>,
    /// The components by id.
    pub components: BTreeMap<String, Component>,
    /// The variables, with the values that are given for them.
    pub variables: Variables,
}

impl App {
    /// Reads a component's file, without compiling it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with the place where the manifest names it, and what to do.
    pub fn wasm(&self, id: &str, component: &Component) -> Result<Wasm, Error> {
        let read = Wasm::read(&component.source, component.build.is_some());
        read.map_err(|reason| self.unusable(id, component, &reason))
    }

    pub(crate) fn unusable(&self, id: &str, component: &Component, reason: &str) -> Error {
        let message = format!("component {id:?}: {}: {reason}", component.source.display());
        Error { path: self.manifest.clone(), place: Some(component.place), message }
    }

    /// The manifest's folder.
    pub fn folder(&self) -> &Path {
        folder_of(&self.manifest)
    }
}

/// A route and what answers it.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its own id: the manifest's, or made up as Spin does.
    pub id: String,
    /// Which paths it takes.
    pub route: Pattern,
    /// What answers.
    pub answer: Answer,
}

/// What answers a route.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The component that [`App::components`] holds under this id.
    Component(String),
    /// Always the same.
    Static(http::Response<String>),
}

impl Trigger {
    /// The id of the component that answers; `None` where none does.
    pub fn component(&self) -> Option<&str> {
        match &self.answer {
            Answer::Component(id) => Some(id),
            Answer::Static(_) => None,
        }
    }
}

/// A component as the manifest describes it.
#[derive(Debug, Clone)]
pub struct Component {
    /// For people; empty where the manifest has none.
    pub description: String,
    /// Its WebAssembly file.
    pub source: PathBuf,
    /// Where the manifest names it.
    pub place: Place,
    /// The guest's environment variables.
    pub environment: BTreeMap<String, String>,
    /// How to make `source`.
    pub build: Option<Build>,
    /// What the guest reads through Spin's interface for variables.
    pub(crate) variables: BTreeMap<String, Template>,
    /// What the guest sees of the file system.
    pub(crate) files: Files,
    /// Where the guest may send requests.
    pub(crate) outbound: Vec<Placed<Template>>,
}

/// Reads the manifest at `path`; its components as `profile` has them, where one is named.
///
/// # Errors
///
/// One [`Error`] with the manifest's path, the line and the column, and what is allowed there.
pub fn load(path: &Path, profile: Option<&str>) -> Result<App, Error> {
    let bytes = fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Error::at(
            path,
            &good,
            Some(good.len()..good.len()),
            "a manifest is UTF-8, and this byte is none of it",
        )
    })?;
    parse(path, text, profile)
}

fn parse(path: &Path, text: &str, profile: Option<&str>) -> Result<App, Error> {
    let source = Source { path, text };
    let wrong = |error: toml::de::Error| source.error(error.span(), error.message());
    // First, because another version has other keys.
    let version = toml::from_str::<schema::Version>(text).map_err(wrong)?.spin_manifest_version;
    if let Some(version) = version.filter(|version| version.get_ref().as_integer() != Some(2)) {
        return Err(source.at(&version, "only spin_manifest_version = 2 is known"));
    }
    let mut manifest: schema::Manifest = toml::from_str(text).map_err(wrong)?;
    trigger::check_kinds(&source, &manifest.trigger)?;
    trigger::check_settings(&source, &manifest.application.trigger)?;
    let variables = variables::read(&source, manifest.variables)?;
    let inline = trigger::lift_inline_components(&mut manifest.trigger.http, &manifest.component);

    let mut reader =
        component::Reader { source: &source, variables: &variables, profile, profiles: Vec::new() };
    let mut components = BTreeMap::new();
    for (id, component) in manifest.component {
        let id = source.kebab(id)?;
        components.insert(id.clone(), reader.read(&id, component)?);
    }
    for (id, component) in inline {
        components.insert(id.clone(), reader.read(&id, component)?);
    }
    reader.check_profile()?;
    let triggers = trigger::read(&source, manifest.trigger.http, &components)?;
    Ok(App {
        manifest: path.to_owned(),
        name: manifest.application.name,
        version: manifest.application.version,
        triggers,
        components,
        variables,
    })
}

fn folder_of(manifest: &Path) -> &Path {
    match manifest.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
