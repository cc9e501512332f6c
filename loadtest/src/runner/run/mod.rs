//! Fires the setups of a plan at systems, one after the other, and compares the verdicts with the expectations.

mod estimate;
mod rounds;
mod system;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use host::isolation::Policy;
use judge::trace::Baseline;
use results::document::{Document, Run};

pub use self::rounds::Rounds;
pub use self::system::SystemUnderTest;
use crate::console::note;
use crate::exit::{Exit, Failure, OrExit};
use crate::generator::{BurstSpec, RequestTemplate};
use crate::machine::descriptors;
use crate::plan::{PlannedBurst, Setup};
use crate::runner::baseline::{self, SoloSpec, WarmUp};
use crate::runner::measure::{self, CalibratedBurst};
use crate::runner::progress::Progress;
use crate::targets::Running;

/// The time limit of a request is the time of its burst if served sequentially, plus this margin.
const REQUEST_TIMEOUT_MARGIN: Duration = Duration::from_secs(30);
/// The largest sequential time in the time limit of a request, at full time scale.
const MAX_SEQUENTIAL_TIME: Duration = Duration::from_secs(240);
/// The host drops an instance a little later than its idle timeout.
const IDLE_MARGIN: Duration = Duration::from_millis(500);

/// Fires setups at systems.
pub struct Runner {
    /// The setups, in order.
    pub setups: Vec<Setup>,
    /// The factor for all waits.
    pub time_scale: f64,
    /// The isolation of instances.
    pub policy: Policy,
}

/// The requests with their service times in milliseconds, and their times alone.
type Baselines = Vec<(PlannedBurst, Arc<RequestTemplate>, f64, Baseline)>;

impl Runner {
    /// Fires all setups at `system`, and adds the results to `document`. After an error, the results up to then are in
    /// `document`.
    ///
    /// # Errors
    ///
    /// If an endpoint does not answer.
    pub async fn fire(
        &self,
        system: &SystemUnderTest,
        running: &Running,
        round: u32,
        progress: &Progress,
        document: &mut Document,
    ) -> Result<(), Failure> {
        let mut known = Baselines::new();
        for setup in &self.setups {
            let mut bursts = Vec::new();
            for burst in &setup.bursts {
                bursts.push(self.calibrate(burst, running, progress, &mut known).await?);
            }
            if setup.after_idle {
                let _step = progress.small_step("waiting until idle instances expire".to_owned(), 0);
                tokio::time::sleep(self.idle_time()).await;
            }
            let judged = {
                let step = progress.step(title(system, setup), &sizes(setup));
                measure::fire(&bursts, &step.handle, running.trace()).await
            };
            judged.note_changes_after();
            let mut run = Run {
                system: system.name().to_owned(),
                manifest: system.manifest(),
                instances: system.instances(),
                round,
                setup: setup.id.clone(),
                title: setup.title.clone(),
                generator: None,
                bursts: judged.bursts,
            };
            self.compare(system, setup, &mut run);
            document.add(run, judged.generator, descriptors::raise_limit());
        }
        Ok(())
    }

    /// Measures the baseline of each endpoint and wait once: setups share it.
    async fn calibrate(
        &self,
        burst: &PlannedBurst,
        running: &Running,
        progress: &Progress,
        known: &mut Baselines,
    ) -> Result<CalibratedBurst, Failure> {
        let (request, service_ms, baseline) =
            match known.iter().find(|(known, ..)| known.is_same_request(burst)) {
                Some((_, request, service_ms, baseline)) => (request.clone(), *service_ms, baseline.clone()),
                None => {
                    let plain =
                        request(burst, running).await.map_err(|error| Failure::new(Exit::Usage, error))?;
                    let request = Arc::new(self.scaled(&plain, burst)?);
                    let (service_ms, baseline) =
                        self.alone(&plain, &request, burst, (running, progress)).await?;
                    known.push((burst.clone(), request.clone(), service_ms, baseline.clone()));
                    (request, service_ms, baseline)
                }
            };
        let timeout = Some(self.timeout(burst, service_ms));
        let spec = BurstSpec::new(request, burst.schedule(self.time_scale), timeout);
        let solo_after = burst.request.service_ms.is_none() && baseline::is_repeated_after(service_ms);
        Ok(CalibratedBurst { spec, service_ms, baseline, solo_after })
    }

    /// The time that `request` takes alone, in milliseconds, as the plan gives it or as requests alone show it. `plain` is the
    /// request without a scaled wait.
    async fn alone(
        &self,
        plain: &RequestTemplate,
        request: &Arc<RequestTemplate>,
        burst: &PlannedBurst,
        (running, progress): (&Running, &Progress),
    ) -> Result<(f64, Baseline), Failure> {
        if let Some((service_ms, baseline)) = burst.request.service_ms.and_then(|ms| Baseline::given(&[ms])) {
            return Ok((service_ms, baseline));
        }
        let is_wait_known = burst.wait_ms.is_some();
        let warm_up = match is_wait_known {
            true => WarmUp::Other(Arc::new(plain.with_query("wait_ms=0").or_exit(Exit::Usage)?)),
            false => WarmUp::Same,
        };
        let timeout = Some(self.timeout(burst, 0.0));
        let spec = SoloSpec { warm_up, is_wait_known, timeout, trace: running.trace().cloned() };
        let baseline = {
            let _step = progress.small_step(format!("{}: requests alone", request.url), 0);
            baseline::measure(request, &spec).await?.baseline
        };
        for change in baseline.changes_before() {
            note(&format!("{}: {change}", request.url));
        }
        Ok((baseline.median_ms().unwrap_or(0.0), baseline))
    }

    /// The time limit of a request of `burst`, each of which takes `service_ms` alone.
    fn timeout(&self, burst: &PlannedBurst, service_ms: f64) -> Duration {
        let limit = MAX_SEQUENTIAL_TIME.mul_f64(self.time_scale.max(1.0));
        let measured = Duration::try_from_secs_f64(service_ms / 1e3 * burst.n.get() as f64).unwrap_or(limit);
        let planned =
            if burst.wait_ms.is_some() { sequential_time(burst, self.time_scale) } else { measured };
        REQUEST_TIMEOUT_MARGIN + planned.min(limit)
    }

    /// Adds the scaled wait to the query. At full scale the component's own wait, from the manifest, is used.
    fn scaled(&self, request: &RequestTemplate, burst: &PlannedBurst) -> Result<RequestTemplate, Failure> {
        if self.time_scale == 1.0 || burst.wait_ms.is_none() {
            return Ok(request.clone());
        }
        let query = format!("wait_ms={}", burst.wait(self.time_scale).as_millis());
        request.with_query(&query).or_exit(Exit::Usage)
    }

    /// Adds the expectations, and the comparison with them, to `run`.
    fn compare(&self, system: &SystemUnderTest, setup: &Setup, run: &mut Run) {
        for (burst, planned) in run.bursts.iter_mut().zip(&setup.bursts) {
            burst.fastapi = planned.fastapi;
            burst.author_expected = planned.author_expected;
            let Some(expected) = system.expected(setup, planned) else { continue };
            burst.expected = Some(expected.kind);
            burst.mismatch = expected
                .mismatch(&burst.verdict, burst.n, self.time_scale < 1.0)
                .or_else(|| system.isolation_mismatch(planned, burst));
            burst.as_expected = Some(burst.mismatch.is_none());
        }
    }

    /// The paths of the setups' endpoints at the system under test.
    pub fn paths(&self) -> Vec<&str> {
        let paths = self.bursts().filter(|burst| burst.url.is_none()).map(|burst| burst.path.as_str());
        paths.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn bursts(&self) -> impl Iterator<Item = &PlannedBurst> {
        self.setups.iter().flat_map(|setup| &setup.bursts)
    }

    /// The origin of the first burst's URL, if all bursts have a URL: then no system has to be started.
    pub fn only_origin(&self) -> Option<String> {
        let mut urls = self.bursts().map(|burst| burst.url.as_ref());
        let first: http::Uri = urls.next()??.parse().ok()?;
        let origin = format!("{}://{}", first.scheme_str()?, first.authority()?);
        urls.all(|url| url.is_some()).then_some(origin)
    }

    /// The names of the setups' endpoints.
    pub fn endpoints(&self) -> Vec<String> {
        self.bursts().map(PlannedBurst::endpoint).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The time after which no instance is idle.
    fn idle_time(&self) -> Duration {
        self.policy.max_idle_timeout() + IDLE_MARGIN
    }
}

fn title(system: &SystemUnderTest, setup: &Setup) -> String {
    let manifest = system.manifest().map_or(String::new(), |manifest| format!(", {manifest}"));
    format!("setup {} on {}{manifest}: {}", setup.id, system.name(), setup.title)
}

/// The endpoint and the number of requests of each burst.
fn sizes(setup: &Setup) -> Vec<(String, usize)> {
    setup.bursts.iter().map(|burst| (burst.endpoint(), burst.n.get())).collect()
}

/// The request of `burst`, at its own URL or at the system under test.
pub(super) async fn request(burst: &PlannedBurst, running: &Running) -> Result<RequestTemplate, String> {
    let url = burst.url.clone().unwrap_or_else(|| running.url(&burst.path));
    let mut request = RequestTemplate::get(&url).await?;
    let planned = &burst.request;
    request.method = planned.method.clone();
    request.headers.extend(planned.headers.clone());
    request.body = planned.body.clone().into();
    request.good = planned.good.clone();
    Ok(request)
}

/// The sum of the waits of a burst.
fn sequential_time(burst: &PlannedBurst, scale: f64) -> Duration {
    burst.wait(scale) * u32::try_from(burst.n.get()).unwrap_or(u32::MAX)
}
