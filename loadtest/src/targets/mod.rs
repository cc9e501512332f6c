//! Who is under test: starts it, waits until it is ready, stops it.

mod child;
mod described;
mod embedded;
mod fastapi;
mod output;
mod running;
mod spin;
mod startup;
mod tool;
mod url;
mod wasmtime;

use std::time::Duration;

use host::App;
use host::isolation::Policy;

pub use self::described::{Definition, definitions};
pub use self::running::Running;
use crate::exit::{Exit, Failure};

/// How long a system may take to be ready, where nothing else is said.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// A kind of system that can be put under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// The embedded host, as a process of its own.
    Embedded,
    /// `spin up`
    Spin,
    /// `wasmtime serve`, a process for each component.
    Wasmtime,
    /// The same endpoints in FastAPI.
    Fastapi,
    /// A server that runs already.
    Url(String),
    /// One that a `systems.toml` describes.
    Own(Definition),
}

/// How systems are started.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The flags for how the application is read, as on `spin up`.
    pub app_flags: &'a [String],
    /// How instances are to be used.
    pub policy: &'a Policy,
    /// How many processes FastAPI's server has.
    pub workers: usize,
    /// How many threads FastAPI has for plain functions; its own number where it is left out.
    pub threads: Option<usize>,
    /// How soon a system must be ready, whatever it asks for itself.
    pub ready_timeout: Option<Duration>,
}

impl Options<'_> {
    fn ready_timeout(&self) -> Duration {
        self.ready_timeout.unwrap_or(READY_TIMEOUT)
    }
}

/// Why a system does not run.
pub enum NotStarted {
    /// It can't run this application, which is no failure; a sentence that says so.
    Skipped(String),
    /// It should run, and does not.
    Failed(Failure),
}

impl From<Failure> for NotStarted {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl System {
    /// The system that `text` names: one that is built in, one of `own`, or a server's URL.
    ///
    /// # Errors
    ///
    /// A line that says what is allowed.
    pub fn named(text: &str, own: &[Definition]) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "spin" => Ok(Self::Spin),
            "wasmtime" => Ok(Self::Wasmtime),
            "fastapi" => Ok(Self::Fastapi),
            url if url::is_base(url) => Ok(Self::Url(url.trim_end_matches('/').to_owned())),
            name => match own.iter().find(|definition| definition.name == name) {
                Some(definition) => Ok(Self::Own(definition.clone())),
                None => Err(unknown(name, own)),
            },
        }
    }

    /// The name in results: the URL of a server that runs already.
    pub fn name(&self) -> &str {
        match self {
            Self::Embedded => "embedded",
            Self::Spin => "spin",
            Self::Wasmtime => "wasmtime",
            Self::Fastapi => "fastapi",
            Self::Url(url) => url,
            Self::Own(definition) => &definition.name,
        }
    }

    /// Whether it runs applications that manifests describe, one after the other.
    pub fn runs_apps(&self) -> bool {
        matches!(self, Self::Embedded | Self::Spin | Self::Wasmtime)
    }

    /// Starts the system, with `app` where it runs applications, and waits until it is ready for requests at
    /// `paths`.
    ///
    /// # Errors
    ///
    /// Where it can't be started or reached, with the reason.
    pub async fn start(
        &self,
        app: Option<&App>,
        paths: &[&str],
        options: &Options<'_>,
    ) -> Result<Running, NotStarted> {
        let app =
            || app.ok_or_else(|| Failure::new(Exit::Usage, format!("{} needs a manifest", self.name())));
        match self {
            Self::Embedded => Ok(embedded::start(app()?, options).await?),
            Self::Spin => spin::start(app()?, options).await,
            Self::Wasmtime => wasmtime::start(app()?, paths, options).await,
            Self::Fastapi => Ok(fastapi::start(options).await?),
            Self::Url(url) => Ok(url::reach(url).await?),
            Self::Own(definition) => Ok(described::start(definition, options).await?),
        }
    }
}

fn unknown(name: &str, own: &[Definition]) -> String {
    let own: Vec<_> = own.iter().map(|definition| definition.name.as_str()).collect();
    let own = match &own[..] {
        [] => "a name from systems.toml".to_owned(),
        names => format!("a name from systems.toml ({})", names.join(", ")),
    };
    format!(
        "{name:?} is no system: embedded, spin, wasmtime, fastapi, {own}, or a URL such as \
         http://127.0.0.1:3000 is allowed"
    )
}
