//! A system that is ready for requests.

use std::collections::HashMap;

use futures_util::future::{join_all, select_all};
use results::document::Usage;

use super::child::Child;
use crate::exit::Failure;
use crate::machine::processes::Meter;

/// A system that is ready for requests. What was started for it ends when this is dropped.
pub struct Running {
    base_urls: BaseUrls,
    children: Vec<Child>,
    meter: Option<Meter>,
    version: Option<String>,
}

enum BaseUrls {
    /// Such as `http://127.0.0.1:3000`, with no slash at the end.
    One(String),
    /// One for each of these paths.
    ByPath(HashMap<String, String>),
}

impl Running {
    /// One that runs already.
    pub(super) fn at(base_url: &str) -> Self {
        Self::new(BaseUrls::One(trimmed(base_url)), Vec::new())
    }

    /// One that was started here.
    pub(super) fn child(child: Child, base_url: &str) -> Self {
        Self::new(BaseUrls::One(trimmed(base_url)), vec![child])
    }

    /// Several that were started here, and which of them answers at which path.
    pub(super) fn children(children: Vec<Child>, by_path: HashMap<String, String>) -> Self {
        Self::new(BaseUrls::ByPath(by_path), children)
    }

    fn new(base_urls: BaseUrls, children: Vec<Child>) -> Self {
        let guards: Vec<i32> = children.iter().map(Child::guard).collect();
        let meter = (!guards.is_empty()).then(|| Meter::begin(guards));
        Self { base_urls, children, meter, version: None }
    }

    /// Itself, of this version.
    pub(super) fn of_version(self, version: impl ToString) -> Self {
        Self { version: Some(version.to_string()), ..self }
    }

    /// Which version it is, where that is known.
    pub fn version(&self) -> Option<String> {
        self.version.clone()
    }

    /// Where `path` is answered, a path that was named at the start.
    pub fn url(&self, path: &str) -> String {
        let base_url = match &self.base_urls {
            BaseUrls::One(url) => url,
            BaseUrls::ByPath(urls) => urls.get(path).map_or("", String::as_str),
        };
        format!("{base_url}{path}")
    }

    /// What the system's processes used since it was ready; `None` for one that wasn't started here.
    pub fn usage(&self) -> Option<Usage> {
        self.meter.as_ref().map(Meter::usage)
    }

    /// Waits for the end of a system that was started here, which is none of its own doing.
    pub async fn died(&self) -> Failure {
        if self.children.is_empty() {
            return std::future::pending().await;
        }
        select_all(self.children.iter().map(|child| Box::pin(child.died()))).await.0
    }

    /// A failure to measure it, with what it wrote last.
    pub fn with_last_words(&self, failure: Failure) -> Failure {
        let words: Vec<_> = self.children.iter().filter_map(Child::last_words).collect();
        if words.is_empty() {
            return failure;
        }
        Failure::new(failure.exit, format!("{:#}\n{}", failure.error, words.join("\n")))
    }

    /// Ends a system that was started here; a server that ran already goes on.
    pub async fn stop(self) {
        join_all(self.children.into_iter().map(Child::stop)).await;
    }
}

fn trimmed(base_url: &str) -> String {
    base_url.trim_end_matches('/').to_owned()
}
