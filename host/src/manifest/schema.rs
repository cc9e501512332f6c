//! The manifest's format as it stands in the file. An unknown key is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Spanned, Value};

type Refused = Option<Spanned<Value>>;

/// What any version of the format has, and an older one under another name.
#[derive(Deserialize)]
pub struct Version {
    #[serde(alias = "spin_version")]
    pub spin_manifest_version: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "spin_manifest_version")]
    pub _version: u32,
    pub application: Application,
    pub variables: Refused,
    pub trigger: Triggers,
    #[serde(default)]
    pub component: BTreeMap<Spanned<String>, Spanned<Component>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "keys that are allowed, and say nothing to a host")]
pub struct Application {
    pub name: String,
    #[serde(default)]
    pub version: String,
    description: Option<String>,
    authors: Option<Vec<String>>,
    pub trigger: Refused,
    tool: Option<Value>,
    targets: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triggers {
    pub http: Vec<HttpTrigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTrigger {
    #[serde(rename = "id")]
    _id: Option<String>,
    pub route: Spanned<Value>,
    pub component: Option<Spanned<Value>>,
    pub executor: Option<Spanned<Executor>>,
    pub static_response: Refused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Executor {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    pub source: Option<Spanned<Value>>,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    pub build: Option<Build>,
    variables: Refused,
    files: Refused,
    exclude_files: Refused,
    allowed_outbound_hosts: Refused,
    key_value_stores: Refused,
    sqlite_databases: Refused,
    ai_models: Refused,
    dependencies: Refused,
    profile: Refused,
    #[serde(rename = "dependencies_inherit_configuration")]
    _dependencies_inherit_configuration: Option<bool>,
    #[serde(rename = "targets")]
    _targets: Option<Value>,
    #[serde(rename = "tool")]
    _tool: Option<Value>,
}

impl Component {
    /// The keys that this host doesn't offer, with what the manifest says there.
    pub fn refused(&self) -> [(&'static str, &Refused); 9] {
        [
            ("variables", &self.variables),
            ("files", &self.files),
            ("exclude_files", &self.exclude_files),
            ("allowed_outbound_hosts", &self.allowed_outbound_hosts),
            ("key_value_stores", &self.key_value_stores),
            ("sqlite_databases", &self.sqlite_databases),
            ("ai_models", &self.ai_models),
            ("dependencies", &self.dependencies),
            ("profile", &self.profile),
        ]
    }
}

/// How a component is built: `component.ID.build`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Shell commands, run one after the other.
    #[serde(deserialize_with = "one_or_many")]
    pub command: Vec<String>,
    /// The folder they run in.
    #[serde(default)]
    pub workdir: PathBuf,
    /// Patterns of the files that the component is made from, relative to `workdir`.
    #[serde(default)]
    pub watch: Vec<String>,
}

impl Build {
    pub(super) fn in_folder(mut self, folder: &Path) -> Self {
        self.workdir = folder.join(&self.workdir);
        self
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(one) => Ok(vec![one]),
        many @ Value::Array(_) => many.try_into().map_err(serde::de::Error::custom),
        other => Err(serde::de::Error::custom(format!(
            "expected a string or a list of strings, found {}",
            other.type_str()
        ))),
    }
}
