//! Fires setups at a system, one after the other, and notes what came of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use host::App;
use host::isolation::Policy;
use host::wasm::Wasi;
use judge::verdict::Kind;
use results::document::Isolation;
use results::document::{Burst, Document, Instances, Run};

use crate::exit::{Exit, Failure, OrExit};
use crate::generator::{BurstSpec, RequestTemplate};
use crate::machine::{self, descriptors};
use crate::plan::{Expected, Limits, PlannedBurst, Setup};
use crate::runner::measure::{self, Measured};
use crate::runner::progress::Progress;
use crate::targets::{Running, System};

/// A request that takes this much longer than all of its burst one after the other is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest that is waited for a burst to go through one after the other, at full scale.
const LONGEST: Duration = Duration::from_secs(240);
/// Instances are dropped a little after their time.
const IDLE_MARGIN: Duration = Duration::from_millis(500);

/// A system, with what is known of its application.
pub struct Subject {
    /// Who is under test.
    pub system: System,
    /// The application, where it is known.
    pub app: Option<App>,
    /// How the instances of each component are used, by its id.
    components: BTreeMap<String, (Instances, Limits)>,
}

impl Subject {
    /// A system that runs `app` under `policy`.
    ///
    /// # Errors
    ///
    /// Where a component's file can't be read.
    pub fn new(system: System, app: Option<App>, policy: &Policy) -> Result<Self, Failure> {
        let mut components = BTreeMap::new();
        let all =
            app.iter().flat_map(|app| app.components.iter().map(move |(id, component)| (app, id, component)));
        for (app, id, component) in all {
            let wasm = app.wasm(id, component).map_err(host::Error::from)?;
            let limits = Limits { cores: machine::cores(), room: policy.concurrency(wasm.wasi) };
            components.insert(id.clone(), (instances(wasm.wasi, policy), limits));
        }
        Ok(Self { system, app, components })
    }

    /// How the endpoint at `path` uses instances, and what limits it.
    fn component(&self, path: &str) -> Option<(Isolation, &Limits)> {
        let triggers = self.app.iter().flat_map(|app| &app.triggers);
        let trigger = triggers.into_iter().find(|trigger| trigger.route.path() == path)?;
        let (instances, limits) = self.components.get(trigger.component()?)?;
        Some((instances.isolation, limits))
    }

    /// How the application uses instances: what is true of its most shared component.
    fn instances(&self) -> Option<Instances> {
        let instances = self.components.values().map(|(instances, _)| *instances);
        instances.max_by_key(|instances| (instances.isolation, instances.wasi))
    }

    fn expected(&self, setup: &Setup, burst: &PlannedBurst) -> Option<Expected> {
        if setup.embedded_only && self.system != System::Embedded {
            return None;
        }
        let component = self.component(&burst.path);
        let unknown = Limits { cores: machine::cores(), room: 1..=1 };
        let limits = component.map_or(&unknown, |(_, limits)| limits);
        burst.expected(self.system.name(), component.map(|(isolation, _)| isolation), limits)
    }

    /// Where the replies contradict what is said of the instances.
    fn contradiction(&self, planned: &PlannedBurst, burst: &Burst) -> Option<String> {
        let is_fresh = matches!(self.component(&planned.path), Some((Isolation::Fresh, _)));
        (is_fresh && burst.instances != burst.ok)
            .then(|| format!("an instance for each request, not {} instances", burst.instances))
    }

    /// The application's manifest, where it is known.
    pub fn manifest(&self) -> Option<String> {
        self.app.as_ref().map(|app| app.manifest.display().to_string())
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

/// What is fired at every subject.
pub struct Lab {
    /// The setups, in order.
    pub setups: Vec<Setup>,
    /// All waits are multiplied by this.
    pub time_scale: f64,
    /// How instances are to be used.
    pub policy: Policy,
}

impl Lab {
    /// Fires all setups at `subject`, which is `running`, for the `round`th time; `document` keeps what was done
    /// where it ends early.
    ///
    /// # Errors
    ///
    /// Where an endpoint doesn't answer.
    pub async fn test(
        &self,
        subject: &Subject,
        running: &Running,
        round: u32,
        progress: &Progress,
        document: &mut Document,
    ) -> Result<(), Failure> {
        let mut known = HashMap::new();
        for setup in &self.setups {
            let mut measured = Vec::new();
            for burst in &setup.bursts {
                measured.push(self.measured(burst, running, progress, &mut known).await?);
            }
            if setup.after_idle {
                let _step = progress.small_step("waiting until no instance idles any more".to_owned(), 0);
                tokio::time::sleep(self.idle()).await;
            }
            let judged = {
                let step = progress.step(describe(subject, setup), &named(setup));
                measure::fire(&measured, &step.handle).await
            };
            let mut run = Run {
                system: subject.system.name().to_owned(),
                manifest: subject.manifest(),
                instances: subject.instances(),
                round,
                setup: setup.id.clone(),
                title: setup.title.clone(),
                generator: None,
                bursts: judged.bursts,
            };
            self.compare(subject, setup, &mut run);
            document.add(run, judged.generator, descriptors::raise_limit());
        }
        Ok(())
    }

    /// The burst as a spec; each endpoint's service time is measured once.
    async fn measured(
        &self,
        burst: &PlannedBurst,
        running: &Running,
        progress: &Progress,
        known: &mut HashMap<String, (Arc<RequestTemplate>, f64)>,
    ) -> Result<Measured, Failure> {
        let timeout = Some(
            PATIENCE + one_by_one(burst, self.time_scale).min(LONGEST.mul_f64(self.time_scale.max(1.0))),
        );
        let (request, service_ms) = match known.get(&burst.path) {
            Some(found) => found.clone(),
            None => {
                let url = running.url(&burst.path);
                let plain =
                    RequestTemplate::get(&url).await.map_err(|error| Failure::new(Exit::Usage, error))?;
                let request = Arc::new(self.scaled(&plain, burst)?);
                let warm_up = plain.with_query("wait_ms=0").or_exit(Exit::Usage)?;
                let _step = progress.small_step(format!("{url}: one request alone"), 1);
                let service_ms = measure::service_ms(&request, Some(warm_up), timeout).await?;
                known.insert(burst.path.clone(), (request.clone(), service_ms));
                (request, service_ms)
            }
        };
        Ok(Measured {
            spec: BurstSpec { request, schedule: burst.schedule(self.time_scale), timeout },
            service_ms,
        })
    }

    /// At full scale the wait is the one that the manifest gives.
    fn scaled(&self, request: &RequestTemplate, burst: &PlannedBurst) -> Result<RequestTemplate, Failure> {
        if self.time_scale == 1.0 {
            return Ok(request.clone());
        }
        let query = format!("wait_ms={}", burst.wait(self.time_scale).as_millis());
        request.with_query(&query).or_exit(Exit::Usage)
    }

    /// Notes in `run` what was expected of it.
    fn compare(&self, subject: &Subject, setup: &Setup, run: &mut Run) {
        for (burst, planned) in run.bursts.iter_mut().zip(&setup.bursts) {
            burst.fastapi = planned.fastapi;
            burst.author_expected = planned.author_expected;
            let Some(expected) = subject.expected(setup, planned) else { continue };
            burst.expected = Some(expected.kind);
            burst.mismatch = expected
                .mismatch(&burst.verdict, burst.n, self.time_scale < 1.0)
                .or_else(|| subject.contradiction(planned, burst));
            burst.as_expected = Some(burst.mismatch.is_none());
        }
    }

    /// The endpoints that the setups use.
    pub fn paths(&self) -> Vec<&str> {
        let paths = self.setups.iter().flat_map(|setup| &setup.bursts).map(|burst| burst.path.as_str());
        paths.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Their names.
    pub fn endpoints(&self) -> Vec<String> {
        self.paths().into_iter().map(endpoint::name_of).collect()
    }

    /// About how long `subject` takes.
    pub fn estimate(&self, subject: &Subject) -> Duration {
        let mut alone = HashSet::new();
        let mut sum = Duration::ZERO;
        for setup in &self.setups {
            let first_time = setup.bursts.iter().filter(|burst| alone.insert(burst.path.as_str()));
            sum += first_time.map(|burst| burst.wait(self.time_scale)).sum::<Duration>();
            sum += setup
                .bursts
                .iter()
                .map(|burst| self.expected_makespan(subject, setup, burst))
                .max()
                .unwrap_or_default();
            sum += if setup.after_idle { self.idle() } else { Duration::ZERO };
        }
        sum
    }

    fn expected_makespan(&self, subject: &Subject, setup: &Setup, burst: &PlannedBurst) -> Duration {
        let expected = subject.expected(setup, burst);
        let is_sequential = expected.as_ref().is_some_and(|expected| expected.kind == Kind::Sequential);
        match expected.and_then(|expected| expected.at_a_time) {
            Some((least, _)) => one_by_one(burst, self.time_scale).div_f64(least),
            None if is_sequential => one_by_one(burst, self.time_scale),
            None => burst.wait(self.time_scale),
        }
    }

    /// How long until no instance idles any more.
    fn idle(&self) -> Duration {
        self.policy.max_idle_timeout() + IDLE_MARGIN
    }
}

fn one_by_one(burst: &PlannedBurst, scale: f64) -> Duration {
    burst.wait(scale) * u32::try_from(burst.n.get()).unwrap_or(u32::MAX)
}

fn describe(subject: &Subject, setup: &Setup) -> String {
    let manifest = subject.manifest().map_or(String::new(), |manifest| format!(", {manifest}"));
    format!("setup {} on {}{manifest}: {}", setup.id, subject.system.name(), setup.title)
}

/// Its bursts by their endpoints, with their sizes.
fn named(setup: &Setup) -> Vec<(String, usize)> {
    setup.bursts.iter().map(|burst| (endpoint::name_of(&burst.path), burst.n.get())).collect()
}
