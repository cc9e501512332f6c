//! The application's variables: declarations in the manifest, given values, resolved values.
//!
//! The value of a variable is the first of: the given value (`--variable`), the environment variable
//! `SPIN_VARIABLE_NAME`, the manifest's `default`. Values are never logged or shown in errors: a value may be a secret.

use std::collections::BTreeMap;
use std::env::{self, VarError};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::{ManifestError, Position};
use super::template::{Part, Template};

const ENVIRONMENT_PREFIX: &str = "SPIN_VARIABLE_";

/// The variables of an application, by name.
#[derive(Clone)]
pub struct Variables {
    manifest: PathBuf,
    declared: BTreeMap<String, Declaration>,
}

/// A variable's declaration in the manifest, and the value that was given for it.
#[derive(Clone)]
pub(crate) struct Declaration {
    pub position: Position,
    /// `None` if the variable is required.
    pub default: Option<String>,
    pub secret: bool,
    pub given: Option<String>,
}

impl Variables {
    pub(crate) fn new(manifest: &Path, declared: BTreeMap<String, Declaration>) -> Self {
        Self { manifest: manifest.to_owned(), declared }
    }

    /// The names of the variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(String::as_str)
    }

    /// Sets the values that the user gives.
    ///
    /// # Errors
    ///
    /// If a name isn't declared, or a file can't be read.
    pub fn give(&mut self, given: &[Given]) -> Result<(), ManifestError> {
        for given in given {
            for (name, value) in given.values().map_err(|message| self.error(None, message))? {
                match self.declared.get_mut(&name) {
                    Some(declaration) => declaration.given = Some(value),
                    None => return Err(self.error(None, self.undeclared(&name))),
                }
            }
        }
        Ok(())
    }

    /// Returns the message that no variable is called `name`.
    pub(crate) fn undeclared(&self, name: &str) -> String {
        match self.names().collect::<Vec<_>>().join(", ") {
            known if known.is_empty() => {
                format!("no variable is called {name:?}; [variables] declares none")
            }
            known => format!("no variable is called {name:?}; [variables] declares: {known}"),
        }
    }

    /// Determines the value of every variable.
    pub(crate) fn resolve(&self) -> Result<ResolvedVariables, ManifestError> {
        self.resolve_with(|name| env::var(name))
    }

    fn resolve_with(
        &self,
        environment: impl Fn(&str) -> Result<String, VarError>,
    ) -> Result<ResolvedVariables, ManifestError> {
        let mut values = BTreeMap::new();
        for (name, declaration) in &self.declared {
            let env_name = format!("{ENVIRONMENT_PREFIX}{}", name.to_uppercase());
            let value = match &declaration.given {
                Some(given) => Some(given.clone()),
                None => match environment(&env_name) {
                    Ok(value) => Some(value),
                    Err(VarError::NotPresent) => declaration.default.clone(),
                    Err(VarError::NotUnicode(_)) => {
                        return Err(self.error(None, format!("{env_name} is not UTF-8 text")));
                    }
                },
            };
            let Some(text) = value else {
                let message = format!(
                    "variable {name:?} is required and has no value; give it by --variable {name}=VALUE, or in {env_name}"
                );
                return Err(self.error(Some(declaration.position), message));
            };
            values.insert(name.clone(), ResolvedText { text, has_secret: declaration.secret });
        }
        Ok(ResolvedVariables(values))
    }

    fn error(&self, position: Option<Position>, message: String) -> ManifestError {
        ManifestError { path: self.manifest.clone(), position, message }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The variables with their values.
pub(crate) struct ResolvedVariables(BTreeMap<String, ResolvedText>);

/// Text in which variables are replaced by their values.
pub(crate) struct ResolvedText {
    pub text: String,
    /// Whether a part of the text is a secret.
    pub has_secret: bool,
}

impl ResolvedVariables {
    /// Replaces the variables in `template`. The manifest's reader has checked that each of them is declared.
    pub fn expand(&self, template: &Template) -> ResolvedText {
        let mut resolved = ResolvedText { text: String::new(), has_secret: false };
        for part in template.parts() {
            match part {
                Part::Text(text) => resolved.text += text,
                Part::Variable(name) => {
                    if let Some(value) = self.0.get(name) {
                        resolved.text += &value.text;
                        resolved.has_secret |= value.has_secret;
                    }
                }
            }
        }
        resolved
    }
}

/// Checks a variable's name by Spin's rule: lower-case words of letters and digits, joined by `_`, each starting with
/// a letter.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit())
    };
    match name.split('_').all(is_word) {
        true => Ok(()),
        false => Err(
            "a variable's name consists of words joined by `_`; each word starts with a lower-case letter \
                      and has only lower-case letters and digits",
        ),
    }
}

/// Values in the form of `--variable`: `NAME=VALUE`, `NAME=@FILE`, or `@FILE` with several values (JSON or TOML).
#[derive(Clone)]
pub struct Given {
    text: String,
}

impl Given {
    /// The text that was parsed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn values(&self) -> Result<BTreeMap<String, String>, String> {
        if let Some(path) = self.text.strip_prefix('@') {
            return read_values(Path::new(path));
        }
        let (name, value) = self.text.split_once('=').unwrap_or((&self.text, ""));
        let value = match value.strip_prefix('@') {
            Some(path) => read_text(Path::new(path))?,
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

fn read_text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("--variable: {} can't be read: {error}", path.display()))
}

/// Leaves out the parser's error: it would show a line of the file, and with it a value.
fn read_values(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = read_text(path)?;
    let values = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str(&text).ok(),
        Some("toml") => toml::from_str(&text).ok(),
        _ => return Err(format!("--variable: {}: .json and .toml files are allowed", path.display())),
    };
    values.ok_or_else(|| {
        format!("--variable: {}: the file may hold only names with text values", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(secret: bool, default: Option<&str>) -> Variables {
        let declaration =
            Declaration { position: (4, 1), default: default.map(str::to_owned), secret, given: None };
        Variables::new(Path::new("spin.toml"), [("api_key".to_owned(), declaration)].into())
    }

    fn value(variables: &Variables, environment: Option<&str>) -> Result<String, String> {
        let lookup = |name: &str| {
            assert_eq!(name, "SPIN_VARIABLE_API_KEY");
            environment.map(str::to_owned).ok_or(VarError::NotPresent)
        };
        let values = variables.resolve_with(lookup).map_err(|error| error.to_string())?;
        Ok(values.expand(&Template::parse("<{{ api_key }}>").unwrap()).text)
    }

    #[test]
    fn given_values_override_the_environment_which_overrides_defaults() {
        let mut variables = variables(false, Some("default"));
        assert_eq!(value(&variables, None).unwrap(), "<default>");
        assert_eq!(value(&variables, Some("environment")).unwrap(), "<environment>");
        variables.give(&["api_key=a=b".parse().unwrap()]).unwrap();
        assert_eq!(value(&variables, Some("environment")).unwrap(), "<a=b>");
    }

    #[test]
    fn the_error_for_a_missing_value_says_how_to_give_it() {
        assert_eq!(
            value(&variables(true, None), None).unwrap_err(),
            "spin.toml:4:1: variable \"api_key\" is required and has no value; give it by \
             --variable api_key=VALUE, or in SPIN_VARIABLE_API_KEY"
        );
    }

    #[test]
    fn the_error_for_an_undeclared_name_lists_the_declared_names() {
        let error = variables(false, None).give(&["key=hidden".parse().unwrap()]).unwrap_err().to_string();
        assert_eq!(error, "spin.toml: no variable is called \"key\"; [variables] declares: api_key");
        assert!("key".parse::<Given>().is_err() && "=x".parse::<Given>().is_err());
    }

    #[test]
    fn values_are_read_from_files() {
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
    fn debug_output_has_no_values() {
        let mut variables = variables(true, Some("hidden"));
        let given: Given = "api_key=hidden".parse().unwrap();
        variables.give(std::slice::from_ref(&given)).unwrap();
        let shown = format!("{variables:?} {given:?}");
        assert!(shown.contains("api_key") && !shown.contains("hidden"), "{shown}");
    }
}
