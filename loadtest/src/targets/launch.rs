//! The input of a start, and its errors.

use std::time::Duration;

use host::App;
use host::isolation::Policy;
use host::wasm::Wasi;

use crate::exit::{Exit, Failure};

/// The flag for [`StartOptions::workers`].
pub const WORKERS: &str = "--workers";
/// The flag for [`StartOptions::threads`].
pub const THREADS: &str = "--threads";

/// The default time limit for a system to become ready.
pub(super) const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Options for the start of any target.
#[derive(Debug, Clone, Copy)]
pub struct StartOptions<'a> {
    /// Flags for reading the application, as for `spin up`.
    pub app_flags: &'a [String],
    /// The isolation of instances.
    pub policy: &'a Policy,
    /// Whether a component that a system can't run is left out, if the system runs each component by itself.
    pub leave_out: bool,
    /// The number of server processes, for targets that take [`WORKERS`].
    pub workers: usize,
    /// The number of threads for blocking handlers, for targets that take [`THREADS`]; `None` is the target's default.
    pub threads: Option<usize>,
    /// The time limit for a system to become ready; it overrides the target's own limit.
    pub ready_timeout: Option<Duration>,
}

impl StartOptions<'_> {
    pub(super) fn ready_timeout(&self) -> Duration {
        self.ready_timeout.unwrap_or(READY_TIMEOUT)
    }
}

/// The input of a target's start.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// The target's name.
    pub(super) name: &'a str,
    /// The application, for targets that run applications.
    pub(super) app: Option<&'a App>,
    /// The paths that must be served.
    pub(super) paths: &'a [&'a str],
    /// The options.
    pub(super) options: &'a StartOptions<'a>,
}

impl<'a> Launch<'a> {
    /// The application.
    pub(super) fn app(&self) -> Result<&'a App, Failure> {
        self.app.ok_or_else(|| Failure::new(Exit::Usage, format!("{} needs a manifest", self.name)))
    }
}

/// Why a system was not started.
#[derive(Debug)]
pub enum StartError {
    /// The system's version does not support the application, which is no failure. The sentence gives the reason.
    Unsupported(String),
    /// The start failed.
    Failed(Failure),
}

impl From<Failure> for StartError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The sentence that `app` is skipped because only Spin can run one of its components; `None` if each can be run.
pub(super) fn for_spin_only(app: &App, system: &str) -> Option<StartError> {
    let mut reasons = app.components.iter().filter_map(|(id, component)| {
        let reason = app.wasm(id, component).ok()?.for_spin_only?;
        Some(format!("{} is skipped on {system}: its component {id} {reason}", app.manifest.display()))
    });
    reasons.next().map(StartError::Unsupported)
}

/// Whether a component of `app` uses this version of WASI. Unreadable components are ignored: the system reports them.
pub(super) fn uses_wasi(app: &App, wasi: Wasi) -> bool {
    app.components.iter().any(|(id, component)| app.wasm(id, component).is_ok_and(|wasm| wasm.wasi == wasi))
}
