//! Reads a Spin manifest, of version 1 or 2, into an [`App`].
//!
//! The reader knows every key of the format. It honours the key, or refuses it with its name and position.

mod component;
mod schema;
mod source;
mod trigger;
mod variables;
mod version1;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::application::App;
use super::error::{ManifestError, ManifestErrors};
use source::Source;

const NO_MANIFEST: &str = "this is no Spin manifest, which is TOML with the line `spin_manifest_version = 2`";

/// Reads the manifest at `path`. With `profile`, components get the values of that profile.
///
/// # Errors
///
/// All errors in the manifest: each with the path, the line and the column, and what is allowed there. Text that is not
/// TOML, and an unknown key, end the search for errors.
pub fn load(path: &Path, profile: Option<&str>) -> Result<App, ManifestErrors> {
    let bytes = fs::read(path).map_err(|error| ManifestError::unreadable(path, &error))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let message = "a manifest must be UTF-8, and this byte is not";
        ManifestError::at(path, &valid, Some(valid.len()..valid.len()), message)
    })?;
    parse(path, text, profile)
}

fn parse(path: &Path, text: &str, profile: Option<&str>) -> Result<App, ManifestErrors> {
    let source = Source::new(path, text);
    let manifest = deserialize(&source)?;
    read(source, manifest, profile)
}

/// Reads the manifest's keys and values.
fn deserialize(source: &Source) -> Result<schema::Manifest, ManifestError> {
    let syntax_error = |error: toml::de::Error| match is_marked_as_manifest(source.text) {
        true => source.error(error.span(), error.message()),
        false => source.error(error.span(), &format!("{NO_MANIFEST}: {}", error.message())),
    };
    // The version first: another version has other keys.
    let version = toml::from_str::<schema::Version>(source.text).map_err(syntax_error)?.spin_manifest_version;
    let Some(version) = version else { return Err(source.error(Some(0..0), NO_MANIFEST)) };
    match (version.get_ref().as_integer(), version.get_ref().as_str()) {
        (Some(2), _) => toml::from_str(source.text).map_err(syntax_error),
        (Some(1), _) | (_, Some("1")) => {
            toml::from_str::<version1::Manifest>(source.text).map_err(syntax_error)?.upgrade(source)
        }
        _ => {
            let message = "only spin_manifest_version = 2 is supported, and \"1\" of older applications";
            Err(source.error_at(&version, message))
        }
    }
}

/// Whether a text that isn't TOML is meant as a manifest.
fn is_marked_as_manifest(text: &str) -> bool {
    text.contains("spin_manifest_version") || text.contains("spin_version")
}

fn read(
    source: Source,
    mut manifest: schema::Manifest,
    profile: Option<&str>,
) -> Result<App, ManifestErrors> {
    trigger::check_kinds(&source, &manifest.trigger);
    trigger::check_settings(&source, &manifest.application.trigger);
    let variables = variables::read(&source, manifest.variables);
    let inline = trigger::extract_inline_components(&mut manifest.trigger.http, &manifest.component);
    let left_out = trigger::components_of_other_kinds(&manifest.trigger);

    let mut reader =
        component::Reader { source: &source, variables: &variables, profile, profiles: Vec::new() };
    let mut components = BTreeMap::new();
    for (id, component) in manifest.component {
        source.check_kebab_id(&id);
        let id = id.into_inner();
        components.insert(id.clone(), reader.read(&id, component));
    }
    for (id, component) in inline {
        components.insert(id.clone(), reader.read(&id, component));
    }
    reader.check_profile();
    let triggers = trigger::read(&source, manifest.trigger.http, &components);
    components.retain(|id, _| !left_out.contains(id));
    Ok(App {
        manifest: source.path.to_owned(),
        name: manifest.application.name,
        version: manifest.application.version,
        triggers,
        components,
        variables,
        warnings: source.finish()?,
    })
}

#[cfg(test)]
mod tests;
