//! Reads a manifest of version 1 into the form of version 2, as Spin does.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::schema::{self, Build, Executor, FileMapping, HttpTrigger, Table, TextOr};
use super::source::{Source, is_kebab};
use crate::app::error::ManifestError;

/// The entry of `allowed_http_hosts` that allows every host.
const ALLOW_ALL: &str = "insecure:allow-all";

/// The format of version 1. An unknown key is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "spin_manifest_version", alias = "spin_version")]
    _version: Value,
    name: String,
    #[serde(default)]
    version: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "authors")]
    _authors: Option<Value>,
    trigger: Table<Value>,
    #[serde(default)]
    variables: Table<schema::Variable>,
    #[serde(default)]
    component: Vec<Spanned<Component>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct Component {
    id: Spanned<String>,
    source: Option<Spanned<Value>>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// The variables, under their old name.
    #[serde(default)]
    config: Table<String>,
    #[serde(default)]
    files: Vec<Spanned<TextOr<FileMapping>>>,
    #[serde(default)]
    exclude_files: Vec<Spanned<String>>,
    #[serde(default)]
    allowed_http_hosts: Vec<Spanned<String>>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<Spanned<String>>,
    #[serde(default)]
    key_value_stores: Vec<Spanned<String>>,
    #[serde(default)]
    sqlite_databases: Vec<Spanned<String>>,
    ai_models: Option<Spanned<Value>>,
    build: Option<Build>,
    trigger: Trigger,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct Trigger {
    route: Spanned<Value>,
    executor: Option<Spanned<Executor>>,
}

impl Manifest {
    /// Returns the manifest in the form of version 2.
    ///
    /// # Errors
    ///
    /// If the trigger isn't HTTP, or a component's id can't be turned into one of version 2.
    pub fn upgrade(self, source: &Source) -> Result<schema::Manifest, ManifestError> {
        let settings = http_settings(source, self.trigger)?;
        let mut manifest = schema::Manifest {
            _version: 1,
            application: schema::Application::of_version1(self.name, self.version, settings),
            variables: self.variables,
            trigger: schema::Triggers { http: Vec::new(), other: Vec::new() },
            component: BTreeMap::new(),
        };
        for component in self.component {
            let span = component.span();
            let (id, trigger, component) = component.into_inner().upgrade(source)?;
            manifest.trigger.http.push(trigger);
            if manifest.component.contains_key(&id) {
                let message = format!("two components are called {:?}", id.get_ref());
                return Err(source.error_at(&id, &message));
            }
            manifest.component.insert(id, Spanned::new(span, component));
        }
        Ok(manifest)
    }
}

/// Returns the settings for all HTTP triggers.
fn http_settings(
    source: &Source,
    mut trigger: Table<Value>,
) -> Result<BTreeMap<String, Table<Value>>, ManifestError> {
    let kind = trigger.keys().find(|key| key.get_ref() == "type").cloned();
    let Some(kind) = kind.and_then(|kind| trigger.remove(&kind)) else {
        return Err(source.error(None, "the trigger needs a type, as in trigger = { type = \"http\" }"));
    };
    match kind.get_ref().as_str() {
        Some("http") => Ok(BTreeMap::from([("http".to_owned(), trigger)])),
        other => {
            let message = format!(
                "trigger type {} is not offered by the embedded host, which serves HTTP; run this app with `spin up`",
                other.unwrap_or("of this form")
            );
            Err(source.error_at(&kind, &message))
        }
    }
}

impl Component {
    fn upgrade(
        self,
        source: &Source,
    ) -> Result<(Spanned<String>, HttpTrigger, schema::Component), ManifestError> {
        let id = Spanned::new(self.id.span(), renamed(source, &self.id)?);
        let trigger = HttpTrigger {
            id: String::new(),
            route: self.trigger.route,
            component: Some(Spanned::new(id.span(), TextOr::Text(id.get_ref().clone()))),
            executor: self.trigger.executor,
            static_response: None,
            components: None,
            dependencies: None,
        };
        let hosts = self.allowed_http_hosts.iter().flat_map(urls);
        let component = schema::Component {
            source: self.source,
            description: self.description,
            environment: self.environment,
            variables: self.config,
            files: self.files,
            exclude_files: self.exclude_files,
            allowed_outbound_hosts: self.allowed_outbound_hosts.into_iter().chain(hosts).collect(),
            build: self.build,
            key_value_stores: self.key_value_stores,
            sqlite_databases: self.sqlite_databases,
            ai_models: self.ai_models,
            ..schema::Component::default()
        };
        Ok((id, trigger, component))
    }
}

/// Returns the component's id in version 2: Spin replaces `_` and upper case if the id isn't kebab case.
fn renamed(source: &Source, id: &Spanned<String>) -> Result<String, ManifestError> {
    if is_kebab(id.get_ref()) {
        return Ok(id.get_ref().clone());
    }
    let renamed = id.get_ref().replace('_', "-").to_lowercase();
    match is_kebab(&renamed) {
        true => Ok(renamed),
        false => Err(source.error_at(
            id,
            "a component's id consists of words joined by dashes or `_`; each word starts with a letter and has only \
             letters and digits",
        )),
    }
}

/// Returns the entries of `allowed_outbound_hosts` that stand for an entry of `allowed_http_hosts`.
fn urls(host: &Spanned<String>) -> Vec<Spanned<String>> {
    let text = host.get_ref().as_str();
    let urls = match text {
        ALLOW_ALL => vec!["http://*:*".to_owned(), "https://*:*".to_owned()],
        "self" => vec!["http://self".to_owned()],
        _ if text.contains("://") => vec![text.to_owned()],
        _ => vec![format!("http://{text}"), format!("https://{text}")],
    };
    urls.into_iter().map(|url| Spanned::new(host.span(), url)).collect()
}
