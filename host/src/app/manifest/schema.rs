//! The manifest's format. An unknown key is an error.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::{Spanned, Value};

/// The value of a key that this host doesn't offer.
type Unsupported = Option<Spanned<Value>>;
/// A table, with the positions of its keys and values.
pub type Table<T> = BTreeMap<Spanned<String>, Spanned<T>>;

/// The key that every version of the format has; version 1 has it under another name.
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
    #[serde(default)]
    pub variables: Table<Variable>,
    pub trigger: Triggers,
    #[serde(default)]
    pub component: Table<Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[expect(dead_code, reason = "keys that are allowed and have no meaning for a host")]
pub struct Application {
    pub name: String,
    #[serde(default)]
    pub version: String,
    description: Option<String>,
    authors: Option<Vec<String>>,
    #[serde(default)]
    pub trigger: BTreeMap<String, Table<Value>>,
    tool: Option<Value>,
    targets: Option<Value>,
}

impl Application {
    /// The application of a manifest of version 1, with the settings for all triggers of a kind.
    pub fn of_version1(name: String, version: String, trigger: BTreeMap<String, Table<Value>>) -> Self {
        Self { name, version, description: None, authors: None, trigger, tool: None, targets: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Variable {
    pub default: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub secret: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// The HTTP triggers, and the triggers of other kinds.
pub struct Triggers {
    pub http: Vec<HttpTrigger>,
    pub other: Vec<OtherTriggers>,
}

/// The triggers of one other kind.
pub struct OtherTriggers {
    pub kind: Spanned<String>,
    /// The ids of the components that they name.
    pub components: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct HttpTrigger {
    #[serde(default)]
    pub id: String,
    pub route: Spanned<Value>,
    pub component: Option<Spanned<TextOr<Box<Component>>>>,
    pub executor: Option<Spanned<Executor>>,
    pub static_response: Option<Spanned<StaticResponse>>,
    pub components: Unsupported,
    pub dependencies: Unsupported,
}

#[derive(Deserialize)]
#[serde(expecting = "a table")]
pub struct Executor {
    #[serde(rename = "type")]
    pub kind: String,
    /// The settings of other kinds.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct StaticResponse {
    pub status_code: Option<Spanned<i64>>,
    #[serde(default)]
    pub headers: Table<String>,
    #[serde(default)]
    pub body: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Component {
    pub source: Option<Spanned<Value>>,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub variables: Table<String>,
    #[serde(default)]
    pub files: Vec<Spanned<TextOr<FileMapping>>>,
    #[serde(default)]
    pub exclude_files: Vec<Spanned<String>>,
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<Spanned<String>>,
    pub build: Option<Build>,
    #[serde(default)]
    pub profile: BTreeMap<String, Profile>,
    #[serde(default)]
    pub key_value_stores: Vec<Spanned<String>>,
    #[serde(default)]
    pub sqlite_databases: Vec<Spanned<String>>,
    pub ai_models: Unsupported,
    pub dependencies: Unsupported,
    #[serde(rename = "dependencies_inherit_configuration")]
    pub _dependencies_inherit_configuration: Option<bool>,
    #[serde(rename = "targets")]
    pub _targets: Option<Value>,
    #[serde(rename = "tool")]
    pub _tool: Option<Value>,
}

impl Component {
    /// The keys that this host doesn't offer, with their values.
    pub fn unsupported(&self) -> [(&'static str, &Unsupported); 2] {
        [("ai_models", &self.ai_models), ("dependencies", &self.dependencies)]
    }
}

/// The values of a component that a profile replaces.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Profile {
    pub source: Option<Spanned<Value>>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    pub dependencies: Unsupported,
    pub build: Option<ProfileBuild>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct ProfileBuild {
    #[serde(deserialize_with = "one_or_many")]
    pub command: Vec<String>,
}

/// A file or folder, and the path at which the guest sees it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct FileMapping {
    pub source: String,
    pub destination: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Build {
    #[serde(deserialize_with = "one_or_many")]
    pub command: Vec<String>,
    /// A path relative to the manifest's folder.
    #[serde(default)]
    pub workdir: PathBuf,
    #[serde(default)]
    pub watch: Vec<String>,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(one) => Ok(vec![one]),
        many @ Value::Array(_) => many.try_into().map_err(serde::de::Error::custom),
        other => Err(serde::de::Error::custom(format!(
            "expected a string or a list of strings, found {}",
            other.type_str()
        ))),
    }
}

/// A string or a table. Unlike serde's untagged enums, it keeps the positions of the values in the table.
pub enum TextOr<T> {
    Text(String),
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrVisitor(PhantomData))
    }
}

struct TextOrVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for TextOrVisitor<T> {
    type Value = TextOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a string or a table")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(TextOr::Text(text.to_owned()))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(TextOr::Table)
    }
}

impl<'de> Deserialize<'de> for Triggers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TriggersVisitor)
    }
}

struct TriggersVisitor;

impl<'de> Visitor<'de> for TriggersVisitor {
    type Value = Triggers;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("[[trigger.http]]")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Triggers, M::Error> {
        let mut triggers = Triggers { http: Vec::new(), other: Vec::new() };
        while let Some(kind) = map.next_key::<Spanned<String>>()? {
            if kind.get_ref() == "http" {
                triggers.http = map.next_value()?;
            } else {
                let components = component_ids(&map.next_value()?);
                triggers.other.push(OtherTriggers { kind, components });
            }
        }
        Ok(triggers)
    }
}

/// The ids of components that triggers of any kind name.
fn component_ids(triggers: &Value) -> Vec<String> {
    let triggers = triggers.as_array().into_iter().flatten();
    triggers.filter_map(|trigger| Some(trigger.get("component")?.as_str()?.to_owned())).collect()
}
