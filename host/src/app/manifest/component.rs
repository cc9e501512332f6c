//! Reads components: `[component.ID]`, and those inside a trigger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Spanned, Value};

use super::schema::{self, Build, TextOr};
use super::source::Source;
use super::variables::template;
use crate::app::allowed_hosts::HostPattern;
use crate::app::application::{BuildConfig, Component, folder_of};
use crate::app::error::{Located, ManifestError};
use crate::app::files::{FileMount, FileMounts};
use crate::app::remote::{Remote, default_cache};
use crate::app::template::{Part, Template};
use crate::app::variables::{Variables, check_name};

/// The label of the store that Spin offers without a runtime configuration.
const DEFAULT_LABEL: &str = "default";

/// Reads components.
pub(super) struct Reader<'a> {
    pub source: &'a Source<'a>,
    pub variables: &'a Variables,
    pub profile: Option<&'a str>,
    /// The profiles of the components that were read.
    pub profiles: Vec<String>,
}

impl Reader<'_> {
    /// Reads a component. One with errors is returned, too: a trigger that names it is no further error.
    pub fn read(&mut self, id: &str, component: Spanned<schema::Component>) -> Component {
        let span = component.span();
        let mut component = component.into_inner();
        self.profiles.extend(component.profile.keys().cloned());
        if let Some(profile) = self.profile.and_then(|profile| component.profile.remove(profile)) {
            override_with(&mut component, profile);
        }
        for (key, value) in component.unsupported() {
            self.source.reject_unsupported(&format!("component.{id}.{key}"), value);
        }
        let folder = folder_of(self.source.path);
        let missing =
            || format!("component.{id} has no `source`; it needs the path of a WebAssembly component");
        let file = match &component.source {
            Some(source) => self.file(id, source),
            None => Err(self.source.error(Some(span.clone()), &missing())),
        };
        let at = component.source.as_ref().map_or(span, Spanned::span);
        let (file, remote) = self.source.keep(file).unwrap_or_default();
        Component {
            description: component.description,
            source: file,
            remote,
            position: self.source.located(&Spanned::new(at, ()), ()).position,
            environment: component.environment,
            build: component.build.map(|build| build_config(build, folder)),
            variables: self.component_variables(component.variables),
            files: self.files(component.files, component.exclude_files),
            uses_key_value: self.uses_default(id, "key_value_stores", &component.key_value_stores),
            uses_sqlite: self.uses_default(id, "sqlite_databases", &component.sqlite_databases),
            allowed_hosts: self.allowed_hosts(component.allowed_outbound_hosts),
        }
    }

    /// Returns the file of a component, and where it comes from if that is a URL.
    fn file(&self, id: &str, source: &Spanned<Value>) -> Result<(PathBuf, Option<Remote>), ManifestError> {
        let error =
            |message: &str| Err(self.source.error_at(source, &format!("component.{id}.source{message}")));
        let table = match source.get_ref() {
            Value::String(path) => return Ok((folder_of(self.source.path).join(path), None)),
            Value::Table(table) => table,
            _ => return error(" must be the path of a WebAssembly component"),
        };
        let text = |key: &str| table.get(key).and_then(Value::as_str);
        match (text("url"), text("digest")) {
            (Some(url), Some(digest)) if table.len() == 2 => match Remote::new(url, digest) {
                Ok(remote) => Ok((remote.file(&default_cache()), Some(remote))),
                Err(reason) => error(&format!(": {reason}")),
            },
            _ => error(
                ": the embedded host offers a path, or { url, digest } from Spin's cache; download the component, or \
                 run this app with `spin up`",
            ),
        }
    }

    /// Whether the component may use the store with the label `default`. Adds an error for every other label.
    fn uses_default(&self, id: &str, key: &str, labels: &[Spanned<String>]) -> bool {
        let (default, others): (Vec<_>, Vec<_>) =
            labels.iter().partition(|label| label.get_ref() == DEFAULT_LABEL);
        for label in others {
            let message = format!(
                "component.{id}.{key}: {:?} is not offered by the embedded host, which has {DEFAULT_LABEL:?} only; run \
                 this app with `spin up`",
                label.get_ref()
            );
            self.source.report(label, &message);
        }
        !default.is_empty()
    }

    fn component_variables(
        &self,
        variables: BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> BTreeMap<String, Template> {
        let read = |(name, text): (Spanned<String>, Spanned<String>)| {
            check_name(name.get_ref()).map_err(|reason| self.source.error_at(&name, reason))?;
            Ok((name.into_inner(), template(self.source, &text, self.variables)?))
        };
        variables.into_iter().filter_map(|variable| self.source.keep(read(variable))).collect()
    }

    fn files(
        &self,
        mounts: Vec<Spanned<TextOr<schema::FileMapping>>>,
        exclude: Vec<Spanned<String>>,
    ) -> FileMounts {
        let mounts = mounts.into_iter().filter_map(|mount| {
            let value = match mount.get_ref() {
                TextOr::Text(pattern) => FileMount::pattern(pattern),
                TextOr::Table(schema::FileMapping { source, destination }) => {
                    FileMount::at(source, destination)
                }
            };
            let value = value.map_err(|reason| self.source.error_at(&mount, &reason));
            Some(self.source.located(&mount, self.source.keep(value)?))
        });
        let exclude = exclude.into_iter().filter_map(|pattern| {
            self.source.keep(glob::Pattern::new(pattern.get_ref()).map_err(|error| {
                self.source.error_at(&pattern, &format!("this is not a pattern of files: {error}"))
            }))
        });
        FileMounts {
            manifest: self.source.path.to_owned(),
            folder: folder_of(self.source.path).to_owned(),
            mounts: mounts.collect(),
            exclude: exclude.collect(),
        }
    }

    /// Checks a pattern without variables here, so that `build` reports its errors too. A pattern with variables is
    /// checked at the start, when their values are known.
    fn allowed_hosts(&self, hosts: Vec<Spanned<String>>) -> Vec<Located<Template>> {
        let read = |host: Spanned<String>| {
            let template = template(self.source, &host, self.variables)?;
            if let [] | [Part::Text(_)] = template.parts() {
                HostPattern::parse(host.get_ref()).map_err(|reason| self.source.error_at(&host, &reason))?;
            }
            Ok(self.source.located(&host, template))
        };
        hosts.into_iter().filter_map(|host| self.source.keep(read(host))).collect()
    }

    /// Adds an error if no component has the requested profile.
    pub fn check_profile(&self) {
        let known: BTreeSet<&str> = self.profiles.iter().map(String::as_str).collect();
        let Some(profile) = self.profile.filter(|profile| !known.contains(profile)) else { return };
        let known = match known.is_empty() {
            true => "this manifest has none".to_owned(),
            false => format!("this manifest has: {}", Vec::from_iter(known).join(", ")),
        };
        let message = format!("no component has a profile {profile:?}; {known}");
        self.source.keep(Err::<(), _>(self.source.error(None, &message)));
    }
}

/// Applies a profile as Spin does: it adds to the environment, and replaces the source, the dependencies and the build
/// commands.
fn override_with(component: &mut schema::Component, profile: schema::Profile) {
    component.environment.extend(profile.environment);
    component.source = profile.source.or(component.source.take());
    component.dependencies = profile.dependencies.or(component.dependencies.take());
    if let Some(schema::ProfileBuild { command }) = profile.build {
        component.build = Some(match component.build.take() {
            Some(build) => Build { command, ..build },
            None => Build { command, workdir: PathBuf::new(), watch: Vec::new() },
        });
    }
}

fn build_config(build: Build, folder: &Path) -> BuildConfig {
    let Build { command, workdir, watch } = build;
    BuildConfig { commands: command, workdir: folder.join(workdir), watch }
}
