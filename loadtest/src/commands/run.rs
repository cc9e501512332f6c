//! `loadtest run`: setups by systems.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use host::App;
use host::isolation::{Policy, Wasi};

use super::measure::{self, Measured};
use super::signals::Signals;
use super::{Out, build, display, manifests_or_default};
use crate::burst::{Shot, Target};
use crate::cli::RunArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::plan::{self, Isolation, PlannedBurst, Setup};
use crate::report::{progress, terminal};
use crate::result::{Document, Instances, Run};
use crate::system::{Running, System};
use crate::verdict::Kind;

/// A request that takes this much longer than all of its burst one after the other is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Instances are dropped a little after their time.
const IDLE_MARGIN: Duration = Duration::from_millis(500);

pub async fn run(args: RunArgs) -> Result<Exit, Failure> {
    let setups = plan::built_in().or_exit(Exit::Usage)?;
    let setups = plan::select(setups, &args.setups).map_err(|error| Failure::new(Exit::Usage, error))?;
    let check = args.check;
    let out = Out::prepare(args.out)?;
    let lab = Lab { setups, time_scale: args.time_scale, policy: args.isolation.into() };
    let subjects = subjects(&args.systems, &args.manifests, check)?;

    let mut signals = Signals::catch()?;
    let mut document = Document::begin();
    let mut ended = Ok(());
    for subject in &subjects {
        ended = lab.test(subject, &mut document, &mut signals).await;
        if ended.is_err() {
            break;
        }
    }
    // What was measured is told, whatever came after.
    if !document.runs.is_empty() {
        print!("{}", terminal::run(&document, terminal::width()));
    }
    out.write(&document)?;
    match ended {
        Ok(()) => Ok(verdict_of(&document, check)),
        Err(Ended::Interrupted) => Ok(Exit::Interrupted),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

fn verdict_of(document: &Document, check: bool) -> Exit {
    if !check {
        return Exit::Success;
    }
    let failed = || document.bursts().filter(|burst| burst.as_expected == Some(false));
    match (failed().count(), failed().all(|burst| burst.verdict.kind == Kind::Inconclusive)) {
        (0, _) => Exit::Success,
        (_, true) => Exit::Untrusted,
        (_, false) => Exit::Unexpected,
    }
}

/// A system, with an application where that is known.
struct Subject {
    system: System,
    app: Option<App>,
}

fn subjects(systems: &[System], manifests: &[PathBuf], check: bool) -> Result<Vec<Subject>, Failure> {
    let embedded = [System::Embedded];
    let systems = if systems.is_empty() { &embedded[..] } else { systems };
    let mut subjects = Vec::new();
    for system in systems {
        match system {
            System::Embedded => {
                for manifest in manifests_or_default(manifests) {
                    subjects
                        .push(Subject { system: system.clone(), app: Some(build::up_to_date(&manifest)?) });
                }
            }
            System::Url(url) => {
                let app = match manifests {
                    [] if check => {
                        let message = format!("--check needs --manifest to know what runs at {url}");
                        return Err(Failure::new(Exit::Usage, message));
                    }
                    [] => None,
                    [manifest] => Some(build::up_to_date(manifest)?),
                    _ => {
                        let message = format!("only one application can run at {url}: give one --manifest");
                        return Err(Failure::new(Exit::Usage, message));
                    }
                };
                subjects.push(Subject { system: system.clone(), app });
            }
        }
    }
    Ok(subjects)
}

enum Ended {
    Interrupted,
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What is fired at every subject.
struct Lab {
    setups: Vec<Setup>,
    time_scale: f64,
    policy: Policy,
}

impl Lab {
    /// Fires all setups at `subject`; `document` keeps what was done when it ends early.
    async fn test(
        &self,
        subject: &Subject,
        document: &mut Document,
        signals: &mut Signals,
    ) -> Result<(), Ended> {
        let manifest = subject.app.as_ref().map(|app| app.manifest.as_path());
        let instances = subject.app.as_ref().map(|app| self.instances(app)).transpose()?;
        let running = tokio::select! {
            started = subject.system.start(manifest, &self.policy) => started?,
            () = signals.next() => return Err(Ended::Interrupted),
        };
        let ended = tokio::select! {
            ended = self.fire_all(subject, instances, &running, document) => ended.map_err(Ended::from),
            () = signals.next() => Err(Ended::Interrupted),
        };
        running.stop().await;
        ended
    }

    async fn fire_all(
        &self,
        subject: &Subject,
        instances: Option<Instances>,
        running: &Running,
        document: &mut Document,
    ) -> Result<(), Failure> {
        let mut known = HashMap::new();
        for setup in &self.setups {
            let mut shots = Vec::new();
            for burst in &setup.bursts {
                shots.push(self.measured(burst, running, &mut known).await?);
            }
            if setup.after_idle {
                tokio::time::sleep(self.policy.longest_idle() + IDLE_MARGIN).await;
            }
            let judged = {
                let total = setup.bursts.iter().map(|burst| burst.n).sum();
                let longest =
                    setup.bursts.iter().map(|burst| burst.wait(self.time_scale)).max().unwrap_or_default();
                let step = progress::step(self.describe(subject, setup), total, longest);
                measure::fire(&shots, &step.answered).await
            };
            let mut run = Run {
                system: subject.system.name().to_owned(),
                manifest: subject.app.as_ref().map(|app| display(&app.manifest)),
                instances,
                setup: setup.id.clone(),
                title: setup.title.clone(),
                bursts: judged.bursts,
            };
            self.compare(setup, &mut run);
            document.add(run, judged.generator);
        }
        Ok(())
    }

    /// The burst as a shot; each endpoint's service time is measured once.
    async fn measured(
        &self,
        burst: &PlannedBurst,
        running: &Running,
        known: &mut HashMap<String, (Arc<Target>, f64)>,
    ) -> Result<Measured, Failure> {
        let timeout =
            Some(PATIENCE + burst.wait(self.time_scale) * u32::try_from(burst.n).unwrap_or(u32::MAX));
        if !known.contains_key(&burst.path) {
            let url = format!("{}{}", running.base_url, burst.path);
            let plain = Target::get(&url).await.map_err(|error| Failure::new(Exit::Usage, error))?;
            let warm_up = plain.with_query("wait_ms=0").or_exit(Exit::Usage)?;
            // At full scale the wait is the one that the manifest gives.
            let target = Arc::new(match self.is_scaled() {
                true => {
                    let query = format!("wait_ms={}", burst.wait(self.time_scale).as_millis());
                    plain.with_query(&query).or_exit(Exit::Usage)?
                }
                false => plain,
            });
            let service_ms = {
                let _step =
                    progress::quiet_step(format!("{url}: one request alone"), 1, burst.wait(self.time_scale));
                measure::service_ms(&target, Some(warm_up), timeout).await?
            };
            known.insert(burst.path.clone(), (target, service_ms));
        }
        let (target, service_ms) = known[&burst.path].clone();
        Ok(Measured { shot: Shot { target, schedule: burst.schedule(self.time_scale), timeout }, service_ms })
    }

    /// Notes in `run` what was expected of it.
    fn compare(&self, setup: &Setup, run: &mut Run) {
        for (burst, planned) in run.bursts.iter_mut().zip(&setup.bursts) {
            burst.fastapi = planned.fastapi;
            burst.author_expected = planned.author_expected;
            let isolation = run.instances.map(|instances| match instances.shared {
                true => Isolation::Shared,
                false => Isolation::Fresh,
            });
            let expected = isolation.and_then(|isolation| planned.expected(isolation));
            burst.expected = expected.map(plan::Expectation::kind);
            burst.as_expected = expected.map(|expected| expected.is_met(&burst.verdict, self.is_scaled()));
        }
    }

    fn instances(&self, app: &App) -> Result<Instances, Failure> {
        let mut all = Instances { wasi: 2, shared: false };
        for (id, component) in &app.components {
            let wasi = host::engine::wasi_version_of(&component.source).map_err(|reason| {
                host::Error::Component { id: id.clone(), path: component.source.clone(), reason }
            })?;
            if wasi == Wasi::P3 {
                all.wasi = 3;
            }
            all.shared |= self.policy.shares(wasi);
        }
        Ok(all)
    }

    fn describe(&self, subject: &Subject, setup: &Setup) -> String {
        let app = subject.app.as_ref().map_or(String::new(), |app| format!(" {}", app.manifest.display()));
        format!("{}{app}  setup {}: {}", subject.system.name(), setup.id, setup.title)
    }

    fn is_scaled(&self) -> bool {
        self.time_scale < 1.0
    }
}
