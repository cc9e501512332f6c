//! `[component.ID]`, whether it stands by itself or in a trigger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use toml::{Spanned, Value};

use super::error::{Error, Placed, Source};
use super::schema::{self, Build, TextOr};
use super::variables::template;
use super::{Component, folder_of};
use crate::files::{Files, Mount};
use crate::outbound;
use crate::template::{Part, Template};
use crate::variables::{Variables, check_name};

/// Reads components.
pub struct Reader<'a> {
    pub source: &'a Source<'a>,
    pub variables: &'a Variables,
    pub profile: Option<&'a str>,
    /// The names of the profiles that were met.
    pub profiles: Vec<String>,
}

impl Reader<'_> {
    pub fn read(&mut self, id: &str, component: Spanned<schema::Component>) -> Result<Component, Error> {
        let span = component.span();
        let mut component = component.into_inner();
        self.profiles.extend(component.profile.keys().cloned());
        if let Some(profile) = self.profile.and_then(|profile| component.profile.remove(profile)) {
            override_with(&mut component, profile);
        }
        for (key, value) in component.refused() {
            self.source.refuse(&format!("component.{id}.{key}"), value)?;
        }
        let folder = folder_of(self.source.path);
        let (file, place) = match component.source {
            Some(source) => (self.file(id, &source)?, self.source.placed(&source, ()).place),
            None => {
                let message =
                    format!("component.{id} has no `source`: the path of a WebAssembly component is needed");
                return Err(self.source.error(Some(span), &message));
            }
        };
        Ok(Component {
            description: component.description,
            source: file,
            place,
            environment: component.environment,
            build: component.build.map(|build| build.in_folder(folder)),
            variables: self.own_variables(component.variables)?,
            files: self.files(component.files, component.exclude_files)?,
            outbound: self.outbound(component.allowed_outbound_hosts)?,
        })
    }

    fn file(&self, id: &str, source: &Spanned<Value>) -> Result<PathBuf, Error> {
        match source.get_ref() {
            Value::String(path) => Ok(folder_of(self.source.path).join(path)),
            Value::Table(_) => Err(self.source.at(
                source,
                &format!(
                    "component.{id}.source: only a path is offered by the embedded host; \
                     download the component, or run this app with `spin up`"
                ),
            )),
            _ => Err(self
                .source
                .at(source, &format!("component.{id}.source is the path of a WebAssembly component"))),
        }
    }

    fn own_variables(
        &self,
        variables: BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<BTreeMap<String, Template>, Error> {
        let read = |(name, text): (Spanned<String>, Spanned<String>)| {
            check_name(name.get_ref()).map_err(|reason| self.source.at(&name, reason))?;
            Ok((name.into_inner(), template(self.source, &text, self.variables)?))
        };
        variables.into_iter().map(read).collect()
    }

    fn files(
        &self,
        mounts: Vec<Spanned<TextOr<schema::Placement>>>,
        exclude: Vec<Spanned<String>>,
    ) -> Result<Files, Error> {
        let mounts = mounts.into_iter().map(|mount| {
            let place = self.source.placed(&mount, ()).place;
            let value = match mount.get_ref() {
                TextOr::Text(pattern) => Mount::pattern(pattern),
                TextOr::Table(schema::Placement { source, destination }) => Mount::at(source, destination),
            };
            Ok(Placed { value: value.map_err(|reason| self.source.at(&mount, &reason))?, place })
        });
        let exclude = exclude.into_iter().map(|pattern| {
            glob::Pattern::new(pattern.get_ref())
                .map_err(|error| self.source.at(&pattern, &format!("this is no pattern of files: {error}")))
        });
        Ok(Files {
            manifest: self.source.path.to_owned(),
            folder: folder_of(self.source.path).to_owned(),
            mounts: mounts.collect::<Result<_, _>>()?,
            exclude: exclude.collect::<Result<_, _>>()?,
        })
    }

    /// A pattern without variables is checked here, so that it is wrong for `build` too.
    fn outbound(&self, hosts: Vec<Spanned<String>>) -> Result<Vec<Placed<Template>>, Error> {
        let read = |host: Spanned<String>| {
            let template = template(self.source, &host, self.variables)?;
            if let [] | [Part::Text(_)] = template.parts() {
                outbound::Pattern::parse(host.get_ref()).map_err(|reason| self.source.at(&host, &reason))?;
            }
            Ok(self.source.placed(&host, template))
        };
        hosts.into_iter().map(read).collect()
    }

    /// The profile that was asked for is one that some component has.
    pub fn check_profile(&self) -> Result<(), Error> {
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

/// As Spin does: environment and dependencies are added to, the rest replaced; of the build, its command.
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
