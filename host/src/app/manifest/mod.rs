//! Reads a Spin manifest, version 2, into an [`App`].
//!
//! The reader knows every key of the format. It honours the key, or refuses it with its name and position.

mod component;
mod schema;
mod source;
mod trigger;
mod variables;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::application::App;
use super::error::ManifestError;
use source::Source;

/// Reads the manifest at `path`. With `profile`, components get the values of that profile.
///
/// # Errors
///
/// The first error in the manifest: with the path, the line and the column, and what is allowed there.
pub fn load(path: &Path, profile: Option<&str>) -> Result<App, ManifestError> {
    let bytes = fs::read(path).map_err(|error| ManifestError::unreadable(path, &error))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        ManifestError::at(
            path,
            &valid,
            Some(valid.len()..valid.len()),
            "a manifest must be UTF-8, and this byte is not",
        )
    })?;
    parse(path, text, profile)
}

fn parse(path: &Path, text: &str, profile: Option<&str>) -> Result<App, ManifestError> {
    let source = Source { path, text };
    let syntax_error = |error: toml::de::Error| source.error(error.span(), error.message());
    // The version first: another version has other keys.
    let version = toml::from_str::<schema::Version>(text).map_err(syntax_error)?.spin_manifest_version;
    if let Some(version) = version.filter(|version| version.get_ref().as_integer() != Some(2)) {
        return Err(source.error_at(&version, "only spin_manifest_version = 2 is supported"));
    }
    let mut manifest: schema::Manifest = toml::from_str(text).map_err(syntax_error)?;
    trigger::check_kinds(&source, &manifest.trigger)?;
    trigger::check_settings(&source, &manifest.application.trigger)?;
    let variables = variables::read(&source, manifest.variables)?;
    let inline = trigger::extract_inline_components(&mut manifest.trigger.http, &manifest.component);

    let mut reader =
        component::Reader { source: &source, variables: &variables, profile, profiles: Vec::new() };
    let mut components = BTreeMap::new();
    for (id, component) in manifest.component {
        let id = source.kebab_id(id)?;
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

#[cfg(test)]
mod tests;
