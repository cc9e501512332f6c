//! A started system.

use std::collections::HashMap;

use futures_util::future::{join_all, select_all};
use results::document::Usage;

use super::child::Child;
use super::server_trace::ServerTrace;
use crate::exit::Failure;
use crate::machine::processes::Meter;

/// A system that is ready for requests. Its processes end if this is dropped.
pub struct Running {
    base_urls: BaseUrls,
    children: Vec<Child>,
    meter: Option<Meter>,
    version: Option<String>,
    trace: Option<ServerTrace>,
    /// Why the system serves nothing at a path.
    left_out: HashMap<String, String>,
}

enum BaseUrls {
    /// A URL such as `http://127.0.0.1:3000`, without a slash at the end.
    One(String),
    /// A URL for each path.
    ByPath(HashMap<String, String>),
}

impl Running {
    /// A system that was not started here.
    pub(super) fn at(base_url: &str) -> Self {
        Self::new(BaseUrls::One(trimmed(base_url)), Vec::new())
    }

    /// A system with one child process.
    pub(super) fn child(child: Child, base_url: &str) -> Self {
        Self::new(BaseUrls::One(trimmed(base_url)), vec![child])
    }

    /// A system with several child processes, and the base URL for each path.
    pub(super) fn children(children: Vec<Child>, by_path: HashMap<String, String>) -> Self {
        Self::new(BaseUrls::ByPath(by_path), children)
    }

    fn new(base_urls: BaseUrls, children: Vec<Child>) -> Self {
        let guards: Vec<i32> = children.iter().map(Child::guard).collect();
        let meter = (!guards.is_empty()).then(|| Meter::begin(guards));
        Self { base_urls, children, meter, version: None, trace: None, left_out: HashMap::new() }
    }

    /// Sets the version.
    pub(super) fn of_version(self, version: impl ToString) -> Self {
        Self { version: Some(version.to_string()), ..self }
    }

    /// Sets the trace to which the system writes.
    pub(super) fn traced(self, trace: ServerTrace) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Sets the paths at which the system serves nothing, with the reasons.
    pub(super) fn without(self, left_out: HashMap<String, String>) -> Self {
        Self { left_out, ..self }
    }

    /// The trace of its requests, if it writes one.
    pub fn trace(&self) -> Option<&ServerTrace> {
        self.trace.as_ref()
    }

    /// Why the system serves nothing at `path`; `None` if it does.
    pub fn left_out(&self, path: &str) -> Option<&str> {
        self.left_out.get(path).map(String::as_str)
    }

    /// The version, if known.
    pub fn version(&self) -> Option<String> {
        self.version.clone()
    }

    /// The URL of `path`, which must be one of the paths given at the start.
    pub fn url(&self, path: &str) -> String {
        let base_url = match &self.base_urls {
            BaseUrls::One(url) => url,
            BaseUrls::ByPath(urls) => urls.get(path).map_or("", String::as_str),
        };
        format!("{base_url}{path}")
    }

    /// The resource usage of the system's processes since it was ready; `None` if it was not started here.
    pub fn usage(&self) -> Option<Usage> {
        self.meter.as_ref().map(Meter::usage)
    }

    /// Waits until a process of the system ends by itself, which is a failure. Never completes if the system was not started
    /// here.
    pub async fn unexpected_end(&self) -> Failure {
        if self.children.is_empty() {
            return std::future::pending().await;
        }
        select_all(self.children.iter().map(|child| Box::pin(child.unexpected_end()))).await.0
    }

    /// `failure` with the last lines of the system's output.
    pub fn with_last_output(&self, failure: Failure) -> Failure {
        let outputs: Vec<_> = self.children.iter().filter_map(Child::last_output).collect();
        if outputs.is_empty() {
            return failure;
        }
        Failure::new(failure.exit, format!("{:#}\n{}", failure.error, outputs.join("\n")))
    }

    /// Stops the processes that were started here.
    pub async fn stop(self) {
        join_all(self.children.into_iter().map(Child::stop)).await;
    }
}

fn trimmed(base_url: &str) -> String {
    base_url.trim_end_matches('/').to_owned()
}
