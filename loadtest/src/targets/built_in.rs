//! A row of the table of built-in targets.

use std::fmt;

use futures_util::future::BoxFuture;

use super::launch::{Launch, StartError};
use super::running::Running;

/// What a system serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Applications from manifests, one at a time.
    Applications,
    /// One application, which is deployed already. Its manifest is needed only for the expectations.
    Deployed,
    /// Its own endpoints, without a manifest.
    OwnEndpoints,
}

/// A built-in target.
pub struct BuiltIn {
    /// The name for `--on` and in results.
    pub name: &'static str,
    /// A line for the help.
    pub summary: &'static str,
    /// What the system serves.
    pub content: Content,
    /// The optional flags that it takes: [`WORKERS`](super::WORKERS), [`THREADS`](super::THREADS).
    pub flags: &'static [&'static str],
    /// Whether it is the embedded host, so that the expectations of `embedded_only` setups hold.
    pub is_embedded_host: bool,
    /// Starts the system, and waits until it is ready.
    pub start: for<'a> fn(Launch<'a>) -> BoxFuture<'a, Result<Running, StartError>>,
}

impl fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
