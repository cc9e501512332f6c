//! Reads a Spin manifest, version 2, into an [`App`].
//!
//! Every key of the format is known here: each is honoured, or refused by name with its place.

mod error;
mod schema;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub use error::Error;
use error::Source;
pub use schema::Build;
use toml::Spanned;

use crate::routes::Pattern;

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
    /// Which component answers which route, in the manifest's order.
    pub triggers: Vec<Trigger>,
    /// The components by id.
    pub components: BTreeMap<String, Component>,
}

impl App {
    /// The manifest's folder.
    pub fn folder(&self) -> &Path {
        folder_of(&self.manifest)
    }
}

/// A route and the component that answers it.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Which paths it takes.
    pub route: Pattern,
    /// The id of a component that [`App::components`] holds.
    pub component: String,
}

/// A component as the manifest describes it.
#[derive(Debug, Clone)]
pub struct Component {
    /// For people; empty where the manifest has none.
    pub description: String,
    /// Its WebAssembly file.
    pub source: PathBuf,
    /// The guest's environment variables.
    pub environment: BTreeMap<String, String>,
    /// How to make `source`.
    pub build: Option<Build>,
}

/// Reads the manifest at `path`.
///
/// # Errors
///
/// One [`Error`] with the manifest's path, the line and the column, and what is allowed there.
pub fn load(path: &Path) -> Result<App, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::unreadable(path, &error))?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<App, Error> {
    let source = Source { path, text };
    let wrong = |error: toml::de::Error| source.error(error.span(), error.message());
    // First, because another version has other keys.
    let version = toml::from_str::<schema::Version>(text).map_err(wrong)?.spin_manifest_version;
    if let Some(version) = version.filter(|version| version.get_ref().as_integer() != Some(2)) {
        return Err(source.at(&version, "only spin_manifest_version = 2 is known"));
    }
    let manifest: schema::Manifest = toml::from_str(text).map_err(wrong)?;
    source.refuse("variables", &manifest.variables)?;
    source.refuse("application.trigger", &manifest.application.trigger)?;

    let mut components = BTreeMap::new();
    for (id, component) in manifest.component {
        let id = source.kebab(id)?;
        let component = read_component(&source, &id, component)?;
        components.insert(id, component);
    }
    let mut triggers = Vec::new();
    for trigger in manifest.trigger.http {
        triggers.extend(read_trigger(&source, trigger, &components)?);
    }
    Ok(App {
        manifest: path.to_owned(),
        name: manifest.application.name,
        version: manifest.application.version,
        triggers,
        components,
    })
}

fn read_component(
    source: &Source,
    id: &str,
    component: Spanned<schema::Component>,
) -> Result<Component, Error> {
    let span = component.span();
    let component = component.into_inner();
    for (key, value) in component.refused() {
        source.refuse(&format!("component.{id}.{key}"), value)?;
    }
    let Some(wasm) = component.source else {
        return Err(source.error(
            Some(span),
            &format!("component.{id} has no `source`: the path of a WebAssembly component is needed"),
        ));
    };
    let Some(file) = wasm.get_ref().as_str() else {
        return Err(source.at(
            &wasm,
            &format!(
                "component.{id}.source: only a path is offered by the embedded host; \
                 download the component, or run this app with `spin up`"
            ),
        ));
    };
    let folder = folder_of(source.path);
    Ok(Component {
        description: component.description,
        source: folder.join(file),
        environment: component.environment,
        build: component.build.map(|build| build.in_folder(folder)),
    })
}

/// `None` for a private route, which nobody outside can reach.
fn read_trigger(
    source: &Source,
    trigger: schema::HttpTrigger,
    components: &BTreeMap<String, Component>,
) -> Result<Option<Trigger>, Error> {
    source.refuse("trigger.http.static_response", &trigger.static_response)?;
    if let Some(executor) = &trigger.executor
        && !matches!(executor.get_ref().kind.as_str(), "http" | "spin")
    {
        let message = "trigger.http.executor: only { type = \"http\" } is offered by the embedded host";
        return Err(source.at(executor, message));
    }
    let Some(component) = trigger.component else {
        return Err(source.at(&trigger.route, "this trigger names no `component`: the id of one is needed"));
    };
    let Some(id) = component.get_ref().as_str() else {
        let message = "trigger.http.component: only a component's id is offered by the embedded host; \
                       describe the component under [component.ID]";
        return Err(source.at(&component, message));
    };
    if !components.contains_key(id) {
        let known = components.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("no component is called {id:?}; this manifest has: {known}");
        return Err(source.at(&component, &message));
    }
    let route = match trigger.route.get_ref() {
        toml::Value::String(route) => {
            Pattern::parse(route).map_err(|reason| source.at(&trigger.route, &reason))?
        }
        toml::Value::Table(table) if table.len() == 1 && table.get("private") == Some(&true.into()) => {
            return Ok(None);
        }
        _ => {
            return Err(source
                .at(&trigger.route, "a route is a string such as \"/hello/...\", or { private = true }"));
        }
    };
    Ok(Some(Trigger { route, component: id.to_owned() }))
}

fn folder_of(manifest: &Path) -> &Path {
    match manifest.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
