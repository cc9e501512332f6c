//! The application's variables: what the manifest declares, what is given for it, what it comes to.
//!
//! A value is looked for among those that are given (`--variable`), then in the environment
//! (`SPIN_VARIABLE_NAME`), then in the manifest (`default`). No value is ever shown: it may be a secret.

use std::collections::BTreeMap;
use std::env::{self, VarError};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::manifest::{Error, Place};
use crate::template::{Part, Template};

const PREFIX: &str = "SPIN_VARIABLE_";

/// The variables of an application, by name.
#[derive(Clone)]
pub struct Variables {
    manifest: PathBuf,
    declared: BTreeMap<String, Declared>,
}

/// What the manifest says of a variable, and what was given for it.
#[derive(Clone)]
pub(crate) struct Declared {
    /// Where it stands in the manifest.
    pub place: Place,
    /// `None` where it is required.
    pub default: Option<String>,
    pub secret: bool,
    pub given: Option<String>,
}

impl Variables {
    pub(crate) fn new(manifest: &Path, declared: BTreeMap<String, Declared>) -> Self {
        Self { manifest: manifest.to_owned(), declared }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(String::as_str)
    }

    /// Takes the values that the user gives.
    ///
    /// # Errors
    ///
    /// Where a name isn't declared, or a file can't be read.
    pub fn give(&mut self, given: &[Given]) -> Result<(), Error> {
        for given in given {
            for (name, value) in given.values().map_err(|message| self.error(None, message))? {
                match self.declared.get_mut(&name) {
                    Some(declared) => declared.given = Some(value),
                    None => return Err(self.error(None, self.unknown(&name))),
                }
            }
        }
        Ok(())
    }

    /// Says that no variable is called `name`.
    pub(crate) fn unknown(&self, name: &str) -> String {
        match self.names().collect::<Vec<_>>().join(", ") {
            known if known.is_empty() => {
                format!("no variable is called {name:?}; [variables] declares none")
            }
            known => format!("no variable is called {name:?}; [variables] declares: {known}"),
        }
    }

    /// Every variable's value.
    pub(crate) fn resolve(&self) -> Result<Values, Error> {
        self.resolve_with(|name| env::var(name))
    }

    fn resolve_with(&self, environment: impl Fn(&str) -> Result<String, VarError>) -> Result<Values, Error> {
        let mut values = BTreeMap::new();
        for (name, declared) in &self.declared {
            let variable = format!("{PREFIX}{}", name.to_uppercase());
            let found = match &declared.given {
                Some(given) => Some(given.clone()),
                None => match environment(&variable) {
                    Ok(value) => Some(value),
                    Err(VarError::NotPresent) => declared.default.clone(),
                    Err(VarError::NotUnicode(_)) => {
                        return Err(self.error(None, format!("{variable} is no UTF-8 text")));
                    }
                },
            };
            let Some(text) = found else {
                let message = format!(
                    "variable {name:?} is required and has no value; give it by --variable {name}=VALUE, or in {variable}"
                );
                return Err(self.error(Some(declared.place), message));
            };
            values.insert(name.clone(), Filled { text, secret: declared.secret });
        }
        Ok(Values(values))
    }

    fn error(&self, place: Option<Place>, message: String) -> Error {
        Error { path: self.manifest.clone(), place, message }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The variables' values.
pub(crate) struct Values(BTreeMap<String, Filled>);

/// Text with the variables put in.
pub(crate) struct Filled {
    pub text: String,
    /// Whether some of it must not be shown.
    pub secret: bool,
}

impl Values {
    /// The manifest's reader has seen to it that every name in `template` is declared.
    pub fn fill(&self, template: &Template) -> Filled {
        let mut filled = Filled { text: String::new(), secret: false };
        for part in template.parts() {
            match part {
                Part::Text(text) => filled.text += text,
                Part::Variable(name) => {
                    if let Some(value) = self.0.get(name) {
                        filled.text += &value.text;
                        filled.secret |= value.secret;
                    }
                }
            }
        }
        filled
    }
}

/// What is wrong with a variable's name, if anything: as Spin has it, lower-case words of letters and
/// digits, joined by `_`, each begun by a letter.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit())
    };
    match name.split('_').all(word) {
        true => Ok(()),
        false => Err(
            "a variable's name is lower-case words of letters and digits, joined by `_`, each begun by a letter",
        ),
    }
}

/// Values as `--variable` takes them: `NAME=VALUE`, `NAME=@FILE`, or `@FILE` of many (JSON or TOML).
#[derive(Clone)]
pub struct Given {
    text: String,
}

impl Given {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn values(&self) -> Result<BTreeMap<String, String>, String> {
        if let Some(path) = self.text.strip_prefix('@') {
            return read_many(Path::new(path));
        }
        let (name, value) = self.text.split_once('=').unwrap_or((&self.text, ""));
        let value = match value.strip_prefix('@') {
            Some(path) => read(Path::new(path))?,
            None => value.to_owned(),
        };
        Ok([(name.to_owned(), value)].into())
    }
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('@') || text.split_once('=').is_some_and(|(name, _)| !name.is_empty()) {
            return Ok(Self { text: text.to_owned() });
        }
        Err("NAME=VALUE, NAME=@FILE, or @FILE (.json or .toml) is allowed".to_owned())
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.text.split_once('=').map_or(self.text.as_str(), |(name, _)| name);
        write!(f, "Given({name})")
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("--variable: {} can't be read: {error}", path.display()))
}

/// The reasons of the two formats aren't told: they would show the line, and a value with it.
fn read_many(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = read(path)?;
    let values = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str(&text).ok(),
        Some("toml") => toml::from_str(&text).ok(),
        _ => return Err(format!("--variable: {}: .json and .toml files are allowed", path.display())),
    };
    values.ok_or_else(|| {
        format!("--variable: {}: only names with text values are allowed in it", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(secret: bool, default: Option<&str>) -> Variables {
        let declared = Declared { place: (4, 1), default: default.map(str::to_owned), secret, given: None };
        Variables::new(Path::new("spin.toml"), [("api_key".to_owned(), declared)].into())
    }

    fn value(variables: &Variables, environment: Option<&str>) -> Result<String, String> {
        let lookup = |name: &str| {
            assert_eq!(name, "SPIN_VARIABLE_API_KEY");
            environment.map(str::to_owned).ok_or(VarError::NotPresent)
        };
        let values = variables.resolve_with(lookup).map_err(|error| error.to_string())?;
        Ok(values.fill(&Template::parse("<{{ api_key }}>").unwrap()).text)
    }

    #[test]
    fn what_is_given_beats_the_environment_which_beats_the_default() {
        let mut variables = variables(false, Some("default"));
        assert_eq!(value(&variables, None).unwrap(), "<default>");
        assert_eq!(value(&variables, Some("environment")).unwrap(), "<environment>");
        variables.give(&["api_key=a=b".parse().unwrap()]).unwrap();
        assert_eq!(value(&variables, Some("environment")).unwrap(), "<a=b>");
    }

    #[test]
    fn a_required_one_without_a_value_says_how_to_give_it() {
        assert_eq!(
            value(&variables(true, None), None).unwrap_err(),
            "spin.toml:4:1: variable \"api_key\" is required and has no value; give it by \
             --variable api_key=VALUE, or in SPIN_VARIABLE_API_KEY"
        );
    }

    #[test]
    fn an_unknown_one_lists_those_there_are() {
        let error = variables(false, None).give(&["key=hidden".parse().unwrap()]).unwrap_err().to_string();
        assert_eq!(error, "spin.toml: no variable is called \"key\"; [variables] declares: api_key");
        assert!("key".parse::<Given>().is_err() && "=x".parse::<Given>().is_err());
    }

    #[test]
    fn values_come_from_files_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let json = file("all.json", r#"{ "api_key": "json" }"#);
        let toml = file("all.toml", "api_key = 'toml'");
        let text = file("key", "text");
        for (given, expected) in [
            (format!("@{json}"), "<json>"),
            (format!("@{toml}"), "<toml>"),
            (format!("api_key=@{text}"), "<text>"),
        ] {
            let mut variables = variables(false, None);
            variables.give(&[given.parse().unwrap()]).unwrap();
            assert_eq!(value(&variables, None).unwrap(), expected);
        }
        for given in [format!("@{text}"), "@nowhere.json".to_owned(), "api_key=@nowhere".to_owned()] {
            let error = variables(false, None).give(&[given.parse().unwrap()]).unwrap_err().to_string();
            assert!(error.contains("--variable"), "{error}");
        }
    }

    #[test]
    fn no_value_is_shown() {
        let mut variables = variables(true, Some("hidden"));
        let given: Given = "api_key=hidden".parse().unwrap();
        variables.give(std::slice::from_ref(&given)).unwrap();
        let shown = format!("{variables:?} {given:?}");
        assert!(shown.contains("api_key") && !shown.contains("hidden"), "{shown}");
    }
}
