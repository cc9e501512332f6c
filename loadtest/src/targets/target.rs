//! A system under test, as `--on` names it.

use host::App;

use super::address;
use super::built_in::{BuiltIn, Content};
use super::described::{self, Definition};
use super::launch::{Launch, StartError, StartOptions};
use super::running::Running;
use super::table::{BUILT_IN, find, names};
use super::url;

/// A system under test.
#[derive(Debug, Clone)]
pub struct Target(Source);

/// Where the definition of a target comes from.
#[derive(Debug, Clone)]
enum Source {
    /// The table of built-in targets.
    BuiltIn(&'static BuiltIn),
    /// The URL of a server that runs already.
    Url(String),
    /// A `systems.toml`.
    File(Definition),
}

impl Default for Target {
    /// The first built-in target.
    fn default() -> Self {
        Self(Source::BuiltIn(&BUILT_IN[0]))
    }
}

impl Target {
    /// The target with this name: a built-in target, one of `described`, or a server's URL.
    ///
    /// # Errors
    ///
    /// A line with the allowed values.
    pub fn parse(text: &str, described: &[Definition]) -> Result<Self, String> {
        let url = if address::is_address(text) { address::completed(text) } else { text.to_owned() };
        let definition = || described.iter().find(|definition| definition.name == text);
        match find(text) {
            Some(built_in) => Ok(Self(Source::BuiltIn(built_in))),
            None if url::is_base(&url) => Ok(Self(Source::Url(url.trim_end_matches('/').to_owned()))),
            None => match definition() {
                Some(definition) => Ok(Self(Source::File(definition.clone()))),
                None => Err(unknown(text, described)),
            },
        }
    }

    /// The name in results. A server that runs already is named by its URL.
    pub fn name(&self) -> &str {
        match &self.0 {
            Source::BuiltIn(built_in) => built_in.name,
            Source::Url(url) => url,
            Source::File(definition) => &definition.name,
        }
    }

    /// What the system serves.
    pub fn content(&self) -> Content {
        match &self.0 {
            Source::BuiltIn(built_in) => built_in.content,
            Source::Url(_) => Content::Deployed,
            Source::File(_) => Content::OwnEndpoints,
        }
    }

    /// Whether it is the embedded host.
    pub fn is_embedded_host(&self) -> bool {
        matches!(self.0, Source::BuiltIn(built_in) if built_in.is_embedded_host)
    }

    /// Whether it takes this optional flag.
    pub fn takes(&self, flag: &str) -> bool {
        matches!(self.0, Source::BuiltIn(built_in) if built_in.flags.contains(&flag))
    }

    /// Starts the system, and waits until it is ready for requests at `paths`. `app` is the application, for targets that run
    /// applications.
    ///
    /// # Errors
    ///
    /// If the system cannot be started or reached, or does not support the application; with the reason.
    pub async fn start(
        &self,
        app: Option<&App>,
        paths: &[&str],
        options: &StartOptions<'_>,
    ) -> Result<Running, StartError> {
        match &self.0 {
            Source::BuiltIn(built_in) => {
                (built_in.start)(Launch { name: built_in.name, app, paths, options }).await
            }
            Source::Url(url) => Ok(url::reach(url).await?),
            Source::File(definition) => Ok(described::start(definition, options).await?),
        }
    }
}

fn unknown(name: &str, described: &[Definition]) -> String {
    let described: Vec<_> = described.iter().map(|definition| definition.name.as_str()).collect();
    let described = match &described[..] {
        [] => "a name from systems.toml".to_owned(),
        names => format!("a name from systems.toml ({})", names.join(", ")),
    };
    format!(
        "{name:?} is not a system; {}, {described}, or a URL such as http://127.0.0.1:3000 is allowed",
        names().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_built_in_or_a_url() {
        assert_eq!(Target::default().name(), "embedded");
        for name in names() {
            assert_eq!(Target::parse(name, &[]).unwrap().name(), name);
        }
        let url = Target::parse("http://127.0.0.1:3000/", &[]).unwrap();
        assert_eq!((url.name(), url.content()), ("http://127.0.0.1:3000", Content::Deployed));
        assert_eq!(Target::parse("127.0.0.1:3000", &[]).unwrap().name(), "http://127.0.0.1:3000");
        assert!(!url.is_embedded_host() && !url.takes(crate::targets::WORKERS));
    }

    #[test]
    fn an_unknown_name_is_an_error_with_the_allowed_names() {
        let error = Target::parse("mars", &[]).unwrap_err();
        assert!(
            error.starts_with("\"mars\" is not a system; embedded, spin, wasmtime, fastapi, a name from"),
            "{error}"
        );
    }
}
