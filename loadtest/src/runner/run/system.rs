//! A system under test with its application.

use std::collections::BTreeMap;
use std::path::Path;

use host::App;
use host::isolation::Policy;
use host::wasm::Wasi;
use results::document::{Burst, Instances, Isolation, SystemUsage, Usage};

use crate::exit::Failure;
use crate::machine;
use crate::plan::{Expected, Limits, PlannedBurst, Setup};
use crate::targets::{Target, trigger_at};

/// A system under test with its application.
pub struct SystemUnderTest {
    /// The target.
    pub target: Target,
    /// The application; `None` if unknown.
    pub app: Option<App>,
    /// The manifest's name in results; `None` if there is no application.
    manifest: Option<String>,
    /// The instances of each component, by the component's id.
    components: BTreeMap<String, (Instances, Limits)>,
}

impl SystemUnderTest {
    /// A target that runs `app` under `policy`.
    ///
    /// # Errors
    ///
    /// If a component's file cannot be read.
    pub fn new(target: Target, app: Option<App>, policy: &Policy) -> Result<Self, Failure> {
        let mut components = BTreeMap::new();
        let all =
            app.iter().flat_map(|app| app.components.iter().map(move |(id, component)| (app, id, component)));
        for (app, id, component) in all {
            let wasm = app.wasm(id, component).map_err(host::Error::from)?;
            let limits =
                Limits { cores: machine::cores(), instance_concurrency: policy.concurrency(wasm.wasi) };
            components.insert(id.clone(), (instances(wasm.wasi, policy), limits));
        }
        let manifest = app.as_ref().map(|app| app.manifest.display().to_string());
        Ok(Self { target, app, manifest, components })
    }

    /// With another name of the manifest in results than its path.
    pub fn named(self, manifest: &Path) -> Self {
        Self { manifest: Some(manifest.display().to_string()), ..self }
    }

    /// The name in results.
    pub fn name(&self) -> &str {
        self.target.name()
    }

    /// The manifest's name in results; `None` if there is no application.
    pub fn manifest(&self) -> Option<String> {
        self.manifest.clone()
    }

    /// The instances of the application: those of the component that shares the most.
    pub(super) fn instances(&self) -> Option<Instances> {
        let instances = self.components.values().map(|(instances, _)| *instances);
        instances.max_by_key(|instances| (instances.isolation, instances.wasi))
    }

    /// The expected verdict of a burst; `None` if there is no expectation.
    pub(super) fn expected(&self, setup: &Setup, burst: &PlannedBurst) -> Option<Expected> {
        if setup.embedded_only && !self.target.is_embedded_host() {
            return None;
        }
        let component = self.component(burst);
        let unknown = Limits { cores: machine::cores(), instance_concurrency: 1..=1 };
        let limits = component.map_or(&unknown, |(_, limits)| limits);
        burst.expected(self.name(), component.map(|(isolation, _)| isolation), limits)
    }

    /// The expectation in words if the replies contradict the isolation of the component.
    pub(super) fn isolation_mismatch(&self, planned: &PlannedBurst, burst: &Burst) -> Option<String> {
        let is_fresh = matches!(self.component(planned), Some((Isolation::Fresh, _)));
        (is_fresh && burst.instances != burst.ok)
            .then(|| format!("an instance for each request, not {} instances", burst.instances))
    }

    /// The usage of its processes, as a part of the result document.
    pub(super) fn usage(&self, round: u32, version: Option<String>, usage: Usage) -> SystemUsage {
        SystemUsage { system: self.name().to_owned(), manifest: self.manifest(), version, round, usage }
    }

    /// The isolation and the limits of the component that serves `burst`.
    fn component(&self, burst: &PlannedBurst) -> Option<(Isolation, &Limits)> {
        let (instances, limits) = self.instances_at(burst)?;
        Some((instances.isolation, limits))
    }

    /// The instances and the limits of the component that serves `burst`; `None` if a server that runs already serves it.
    fn instances_at(&self, burst: &PlannedBurst) -> Option<&(Instances, Limits)> {
        let app = self.app.as_ref().filter(|_| burst.url.is_none())?;
        self.components.get(trigger_at(app, &burst.path)?.component()?)
    }
}

fn instances(wasi: Wasi, policy: &Policy) -> Instances {
    let isolation = match (policy.reuses(wasi), policy.shares(wasi)) {
        (false, _) => Isolation::Fresh,
        (true, false) => Isolation::Reused,
        (true, true) => Isolation::Shared,
    };
    Instances { wasi: if wasi == Wasi::P2 { 2 } else { 3 }, isolation }
}
