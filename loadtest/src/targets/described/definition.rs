//! Reads `systems.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use host::ManifestError as Error;
use nix::sys::signal::Signal;
use serde::Deserialize;
use toml::Spanned;

use crate::targets::table::find;
use crate::targets::url::is_base;

/// The placeholder for a free port.
const PORT: &str = "{port}";

/// A `[[system]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name for `--on` and in results.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The working folder.
    pub workdir: PathBuf,
    /// Additional environment variables.
    pub environment: BTreeMap<String, String>,
    /// The base URL, without a slash at the end.
    pub base_url: String,
    /// The path of the readiness check.
    pub ready: String,
    /// The time limit for the system to become ready.
    pub ready_timeout: Option<Duration>,
    /// The stop signal.
    pub stop: Signal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    system: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    command: Spanned<Vec<String>>,
    workdir: Option<PathBuf>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    base_url: Spanned<String>,
    ready: Option<Spanned<String>>,
    ready_timeout: Option<Spanned<String>>,
    stop: Option<Spanned<String>>,
}

/// Reads the `systems.toml` at `path`.
///
/// # Errors
///
/// An [`Error`] with the file's path, line and column, and the allowed values.
pub fn definitions(path: &Path) -> Result<Vec<Definition>, Error> {
    let unreadable = |error| Error::at(path, "", None, &format!("cannot read: {error}"));
    let text = fs::read_to_string(path).map_err(unreadable)?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Vec<Definition>, Error> {
    let reader = Reader { path, text };
    let file: File =
        toml::from_str(text).map_err(|error| Error::at(path, text, error.span(), error.message()))?;
    let mut found: Vec<Definition> = Vec::new();
    for entry in file.system {
        let name = entry.name.clone();
        let definition = reader.definition(entry)?;
        if found.iter().any(|other| other.name == definition.name) {
            return Err(reader.wrong(&name, "another system has this name"));
        }
        found.push(definition);
    }
    Ok(found)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn wrong<T>(&self, value: &Spanned<T>, message: &str) -> Error {
        Error::at(self.path, self.text, Some(value.span()), message)
    }

    fn definition(&self, entry: Entry) -> Result<Definition, Error> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let workdir = folder.join(entry.workdir.unwrap_or_default());
        Ok(Definition {
            name: self.name(entry.name)?,
            command: match entry.command.get_ref()[..] {
                [] => return Err(self.wrong(&entry.command, "a program and its arguments are required")),
                [..] => entry.command.into_inner(),
            },
            workdir: if workdir == Path::new("") { PathBuf::from(".") } else { workdir },
            environment: entry.environment,
            base_url: self.base_url(&entry.base_url)?,
            ready: match entry.ready {
                Some(path) if !path.get_ref().starts_with('/') => {
                    return Err(self.wrong(&path, "a path such as / or /health is allowed"));
                }
                path => path.map_or_else(|| "/".to_owned(), Spanned::into_inner),
            },
            ready_timeout: self.optional(entry.ready_timeout, host::isolation::parse_duration)?,
            stop: self.optional(entry.stop, signal)?.unwrap_or(Signal::SIGTERM),
        })
    }

    /// Parses a value, if it is given.
    fn optional<T>(
        &self,
        value: Option<Spanned<String>>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Error> {
        let read = |value: Spanned<String>| read(value.get_ref()).map_err(|error| self.wrong(&value, &error));
        value.map(read).transpose()
    }

    /// A name that `--on` cannot take for a URL or a built-in target.
    fn name(&self, name: Spanned<String>) -> Result<String, Error> {
        let is_word = |name: &str| {
            !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char))
        };
        if !is_word(name.get_ref()) {
            return Err(
                self.wrong(&name, "a name of letters, digits, dashes, dots and underscores is allowed")
            );
        }
        if find(name.get_ref()).is_some() {
            return Err(self.wrong(&name, "this is the name of a built-in system; choose another name"));
        }
        Ok(name.into_inner())
    }

    fn base_url(&self, given: &Spanned<String>) -> Result<String, Error> {
        let url = given.get_ref().trim_end_matches('/');
        if url.starts_with("http:") && is_base(&url.replace(PORT, "1")) {
            return Ok(url.to_owned());
        }
        let allowed = "a URL such as http://127.0.0.1:{port} is allowed; {port} is replaced by a free port";
        Err(self.wrong(given, allowed))
    }
}

fn signal(text: &str) -> Result<Signal, String> {
    Signal::from_str(text)
        .map_err(|_| format!("{text:?} is not a signal; a name such as SIGTERM or SIGINT is allowed"))
}

impl Definition {
    /// Whether it needs a free port.
    pub fn needs_port(&self) -> bool {
        self.base_url.contains(PORT)
    }

    /// Replaces the placeholder by `port`.
    pub fn with_port(&self, port: u16) -> Self {
        let fill = |text: &String| text.replace(PORT, &port.to_string());
        Self {
            command: self.command.iter().map(fill).collect(),
            environment: self.environment.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
            base_url: fill(&self.base_url),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[system]]
name = "node"
command = ["node", "server.mjs", "--port={port}"]
workdir = "baselines/node"
environment = { PORT = "{port}" }
base_url = "http://127.0.0.1:{port}/"
"#;

    fn read(text: &str) -> Result<Vec<Definition>, String> {
        parse(Path::new("folder/systems.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_definition_has_defaults() {
        let found = read(GOOD).unwrap();
        let node = found[0].with_port(3911);
        assert!(found[0].needs_port() && !node.needs_port());
        assert_eq!(node.command, ["node", "server.mjs", "--port=3911"]);
        assert_eq!(node.environment["PORT"], "3911");
        assert_eq!(node.base_url, "http://127.0.0.1:3911");
        assert_eq!(node.workdir, Path::new("folder/baselines/node"));
        assert_eq!((node.ready.as_str(), node.ready_timeout, node.stop), ("/", None, Signal::SIGTERM));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn every_key_has_an_effect() {
        let more = "ready = \"/health\"\nready_timeout = \"2s\"\nstop = \"SIGINT\"\n";
        let found = read(&(GOOD.to_owned() + more)).unwrap();
        assert_eq!(found[0].ready, "/health");
        assert_eq!((found[0].ready_timeout, found[0].stop), (Some(Duration::from_secs(2)), Signal::SIGINT));
    }

    #[test]
    fn an_error_has_its_place_and_the_allowed_values() {
        let replaced = |from: &str, to: &str| GOOD.replace(from, to);
        for (text, expected) in [
            (GOOD.to_owned() + "port = 3\n", ":8:1: unknown field `port`, expected one of `name`, `command`"),
            (GOOD.replace("name = \"node\"\n", ""), ":2:1: missing field `name`"),
            (
                replaced("\"node\"\n", "\"spin\"\n"),
                ":3:8: this is the name of a built-in system; choose another name",
            ),
            (replaced("\"node\"\n", "\"a b\"\n"), ":3:8: a name of letters"),
            (replaced("\"node\"\n", "3\n"), ":3:8: invalid type: integer `3`, expected a string"),
            (GOOD.to_owned() + GOOD, ":10:8: another system has this name"),
            (replaced("[\"node\", \"server.mjs\", \"--port={port}\"]", "[]"), ":4:11: a program and its"),
            (replaced("[\"node\", ", "[3, "), ":4:12: invalid type: integer `3`"),
            (replaced("http://127.0.0.1:{port}/", "ftp://x"), ":7:12: a URL such as http://127.0.0.1:{port}"),
            (GOOD.to_owned() + "ready = \"health\"\n", ":8:9: a path such as / or /health is allowed"),
            (GOOD.to_owned() + "ready_timeout = \"soon\"\n", ":8:17: \"soon\" is not a time"),
            (GOOD.to_owned() + "stop = \"please\"\n", ":8:8: \"please\" is not a signal; a name"),
            ("[[system".to_owned(), ":1:9: "),
        ] {
            let error = read(&text).unwrap_err();
            assert!(
                error.starts_with(&format!("folder/systems.toml{expected}")),
                "{expected:?} is not in {error:?}"
            );
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let error = definitions(Path::new("nowhere/systems.toml")).unwrap_err().to_string();
        assert!(error.starts_with("nowhere/systems.toml: cannot read: "), "{error}");
    }
}
