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
use crate::app::template::{Part, Template};
use crate::app::variables::{Variables, check_name};

/// Reads components.
pub(super) struct Reader<'a> {
    pub source: &'a Source<'a>,
    pub variables: &'a Variables,
    pub profile: Option<&'a str>,
    /// The profiles of the components that were read.
    pub profiles: Vec<String>,
}

impl Reader<'_> {
    pub fn read(
        &mut self,
        id: &str,
        component: Spanned<schema::Component>,
    ) -> Result<Component, ManifestError> {
        let span = component.span();
        let mut component = component.into_inner();
        self.profiles.extend(component.profile.keys().cloned());
        if let Some(profile) = self.profile.and_then(|profile| component.profile.remove(profile)) {
            override_with(&mut component, profile);
        }
        for (key, value) in component.unsupported() {
            self.source.reject_unsupported(&format!("component.{id}.{key}"), value)?;
        }
        let folder = folder_of(self.source.path);
        let (file, position) = match component.source {
            Some(source) => (self.file(id, &source)?, self.source.located(&source, ()).position),
            None => {
                let message =
                    format!("component.{id} has no `source`; it needs the path of a WebAssembly component");
                return Err(self.source.error(Some(span), &message));
            }
        };
        Ok(Component {
            description: component.description,
            source: file,
            position,
            environment: component.environment,
            build: component.build.map(|build| build_config(build, folder)),
            variables: self.component_variables(component.variables)?,
            files: self.files(component.files, component.exclude_files)?,
            allowed_hosts: self.allowed_hosts(component.allowed_outbound_hosts)?,
        })
    }

    fn file(&self, id: &str, source: &Spanned<Value>) -> Result<PathBuf, ManifestError> {
        match source.get_ref() {
            Value::String(path) => Ok(folder_of(self.source.path).join(path)),
            Value::Table(_) => Err(self.source.error_at(
                source,
                &format!(
                    "component.{id}.source: the embedded host offers only a path; \
                     download the component, or run this app with `spin up`"
                ),
            )),
            _ => Err(self.source.error_at(
                source,
                &format!("component.{id}.source must be the path of a WebAssembly component"),
            )),
        }
    }

    fn component_variables(
        &self,
        variables: BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<BTreeMap<String, Template>, ManifestError> {
        let read = |(name, text): (Spanned<String>, Spanned<String>)| {
            check_name(name.get_ref()).map_err(|reason| self.source.error_at(&name, reason))?;
            Ok((name.into_inner(), template(self.source, &text, self.variables)?))
        };
        variables.into_iter().map(read).collect()
    }

    fn files(
        &self,
        mounts: Vec<Spanned<TextOr<schema::FileMapping>>>,
        exclude: Vec<Spanned<String>>,
    ) -> Result<FileMounts, ManifestError> {
        let mounts = mounts.into_iter().map(|mount| {
            let position = self.source.located(&mount, ()).position;
            let value = match mount.get_ref() {
                TextOr::Text(pattern) => FileMount::pattern(pattern),
                TextOr::Table(schema::FileMapping { source, destination }) => {
                    FileMount::at(source, destination)
                }
            };
            Ok(Located { value: value.map_err(|reason| self.source.error_at(&mount, &reason))?, position })
        });
        let exclude = exclude.into_iter().map(|pattern| {
            glob::Pattern::new(pattern.get_ref()).map_err(|error| {
                self.source.error_at(&pattern, &format!("this is not a pattern of files: {error}"))
            })
        });
        Ok(FileMounts {
            manifest: self.source.path.to_owned(),
            folder: folder_of(self.source.path).to_owned(),
            mounts: mounts.collect::<Result<_, _>>()?,
            exclude: exclude.collect::<Result<_, _>>()?,
        })
    }

    /// Checks a pattern without variables here, so that `build` reports its errors too. A pattern with variables is
    /// checked at the start, when their values are known.
    fn allowed_hosts(&self, hosts: Vec<Spanned<String>>) -> Result<Vec<Located<Template>>, ManifestError> {
        let read = |host: Spanned<String>| {
            let template = template(self.source, &host, self.variables)?;
            if let [] | [Part::Text(_)] = template.parts() {
                HostPattern::parse(host.get_ref()).map_err(|reason| self.source.error_at(&host, &reason))?;
            }
            Ok(self.source.located(&host, template))
        };
        hosts.into_iter().map(read).collect()
    }

    /// Checks that a component has the requested profile.
    pub fn check_profile(&self) -> Result<(), ManifestError> {
        let known: BTreeSet<&str> = self.profiles.iter().map(String::as_str).collect();
        match self.profile {
            Some(profile) if !known.contains(profile) => {
                let known = match known.is_empty() {
                    true => "this manifest has none".to_owned(),
                    false => format!("this manifest has: {}", Vec::from_iter(known).join(", ")),
                };
                Err(self.source.error(None, &format!("no component has a profile {profile:?}; {known}")))
            }
            _ => Ok(()),
        }
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
