//! Fires the bursts of an audit with one use of instances.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host::isolation::Policy;
use host::wasm::Wasi;
use judge::trace::Baseline;
use judge::verdict::Kind;
use results::document::{Burst, Document, Instances, Isolation, Run};

use super::Auditing;
use super::comparison::Measured;
use super::route::Route;
use crate::exit::{Exit, Failure};
use crate::generator::{BurstSpec, RequestTemplate};
use crate::machine::descriptors;
use crate::plan::PlannedBurst;
use crate::runner::baseline::{self, SoloSpec, WarmUp};
use crate::runner::measure::{self, CalibratedBurst};
use crate::runner::progress::Progress;
use crate::runner::run;
use crate::targets::Running;

/// The times over which a burst is sent, in service times. A handler may await a small part of its time before it blocks, so
/// that only requests of this distance gather in its instance.
const SPREADS: [f64; 4] = [0.0, 0.01, 0.1, 0.001];
/// A burst without a verdict is fired again, so that there are so many tries.
const TRIES: usize = 2;
/// The bursts of a handler that is quicker have hardly ever a verdict of their own, and a try waits for idle instances to expire.
const QUICK_MS: f64 = 5.0;
/// The time limit of a request alone, and of a request of a burst beyond its sequential time.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The host drops an instance a little later than its idle timeout.
const IDLE_MARGIN: Duration = Duration::from_millis(300);

/// The bursts with one use of instances.
pub struct Firing<'a> {
    pub auditing: &'a Auditing<'a>,
    pub isolation: Isolation,
    /// Whether only the pairs are fired once more in which sharing seems to slow a route.
    pub is_again: bool,
    pub policy: &'a Policy,
    pub running: &'a Running,
    pub progress: &'a Progress,
}

/// A route's request, and its time alone.
struct Prepared {
    at: usize,
    request: Arc<RequestTemplate>,
    service_ms: f64,
    baseline: Baseline,
    /// The index of its run in the document.
    run: usize,
}

impl Firing<'_> {
    /// Fires at the routes with these indices. A run is in `document` from its preparation on, and has each burst as soon as it is
    /// over, so that an interruption loses none. The routes take turns, so that the idle
    /// instances of one expire while others are fired at.
    pub async fn all(
        &self,
        routes: &[usize],
        measured: &mut [Measured],
        document: &mut Document,
    ) -> Result<(), Failure> {
        let mut used: HashMap<String, Instant> = HashMap::new();
        let mut prepared = Vec::new();
        for at in routes {
            let route = &self.auditing.routes[*at];
            prepared.extend(self.prepare(*at, route, &mut measured[*at], document).await?);
            used.insert(route.component.clone().unwrap_or_default(), Instant::now());
        }
        for (round, share) in SPREADS.into_iter().enumerate() {
            for prepared in &prepared {
                let route = &self.auditing.routes[prepared.at];
                let measured = &mut measured[prepared.at];
                let is_isolated_anyway = route.wasi == Some(Wasi::P2) && round > 0;
                // It can't become worse.
                let is_sequential = self.isolation == Isolation::Shared
                    && measured.shared.iter().any(|(_, burst)| burst.verdict.kind == Kind::Sequential);
                // Only the pairs of bursts with shared instances matter.
                let spread = share * prepared.service_ms;
                let has_pair = self.isolation == Isolation::Shared
                    || route.wasi == Some(Wasi::P2)
                    || measured.shared.iter().any(|(other, _)| *other == spread);
                if self.is_again {
                    if measured.suspect() == Some(spread) {
                        let burst = self.fire(prepared, route, spread, &mut used, document).await;
                        document.runs[prepared.run].bursts.extend(burst.clone());
                        match self.isolation {
                            Isolation::Shared => measured.again.0 = burst,
                            _ => measured.again.1 = burst,
                        }
                    }
                    continue;
                }
                if is_isolated_anyway || is_sequential || !has_pair {
                    continue;
                }
                let Some(burst) = self.fire(prepared, route, spread, &mut used, document).await else {
                    continue;
                };
                document.runs[prepared.run].bursts.push(burst.clone());
                match self.isolation {
                    Isolation::Shared => measured.shared.push((spread, burst)),
                    _ => measured.isolated.push((spread, burst)),
                }
            }
        }
        Ok(())
    }

    /// Measures how long a request takes alone, once a route; `None` if it has no good answer.
    async fn prepare(
        &self,
        at: usize,
        route: &Route,
        measured: &mut Measured,
        document: &mut Document,
    ) -> Result<Option<Prepared>, Failure> {
        let Some(burst) = &route.burst else { return Ok(None) };
        if let Some(reason) = self.running.left_out(&burst.path) {
            measured.left_out = Some(reason.to_owned());
            return Ok(None);
        }
        let request =
            run::request(burst, self.running).await.map_err(|error| Failure::new(Exit::Usage, error))?;
        let request = Arc::new(request);
        let _step = self.progress.small_step(format!("{}: requests alone", route.route), 0);
        if let Err(reason) = baseline::try_alone(&request, TIMEOUT).await {
            measured.fails_alone = Some(reason);
            return Ok(None);
        }
        let spec = SoloSpec {
            warm_up: WarmUp::None,
            is_wait_known: true,
            timeout: Some(TIMEOUT),
            trace: self.running.trace().cloned(),
        };
        let given = burst.request.service_ms.and_then(|ms| Baseline::given(&[ms]));
        let (service_ms, baseline) = match given {
            Some(given) => given,
            None => {
                let baseline = match baseline::try_measure(&request, &spec).await {
                    Ok(measured) => measured.baseline,
                    Err(reason) => {
                        measured.fails_alone = Some(format!("{reason}, after a good answer"));
                        return Ok(None);
                    }
                };
                (baseline.median_ms().unwrap_or(0.0), baseline)
            }
        };
        // Both uses of instances are compared by the same schedules.
        let service_ms = *measured.alone_ms.get_or_insert(service_ms);
        let run = index_of(self.run_of(route, burst), &mut document.runs);
        Ok(Some(Prepared { at, request, service_ms, baseline, run }))
    }

    fn run_of(&self, route: &Route, burst: &PlannedBurst) -> Run {
        let (wasi, isolation) = match route.wasi {
            Some(Wasi::P3) => (3, self.isolation),
            _ => (2, Isolation::Fresh),
        };
        let component = route.component.as_deref().unwrap_or_default();
        Run {
            system: self.auditing.target.name().to_owned(),
            manifest: Some(self.auditing.app.manifest.display().to_string()),
            instances: Some(Instances { wasi, isolation }),
            round: 1,
            setup: route.route.clone(),
            title: format!("{burst}, component {component}").replacen("1 x ", "", 1),
            generator: None,
            bursts: Vec::new(),
        }
    }

    /// Waits until no instance of the route's component is idle.
    async fn expire(&self, route: &Route, used: &HashMap<String, Instant>) {
        let idle = self.policy.max_idle_timeout() + IDLE_MARGIN;
        let last = route.component.as_ref().and_then(|component| used.get(component));
        if let Some(last) = last.filter(|_| self.isolation == Isolation::Shared) {
            let _step = self.progress.small_step("waiting until idle instances expire".to_owned(), 0);
            tokio::time::sleep(idle.saturating_sub(last.elapsed())).await;
        }
    }

    /// Fires a burst with its sends over `spread` milliseconds, when no instance is idle; again if there is no verdict.
    async fn fire(
        &self,
        prepared: &Prepared,
        route: &Route,
        spread: f64,
        used: &mut HashMap<String, Instant>,
        document: &mut Document,
    ) -> Option<Burst> {
        let n = self.auditing.n;
        let planned = PlannedBurst::together(&route.route, n).spaced(spread / (n - 1) as f64);
        let sequential = Duration::from_secs_f64((prepared.service_ms * n as f64 / 1e3).min(1e6));
        let spec =
            BurstSpec::new(prepared.request.clone(), planned.schedule(1.0), Some(TIMEOUT + sequential));
        let burst = CalibratedBurst {
            spec,
            service_ms: prepared.service_ms,
            baseline: prepared.baseline.clone(),
            solo_after: false,
        };
        let mut last = None;
        let tries = if prepared.service_ms < QUICK_MS { 1 } else { TRIES };
        for _ in 0..tries {
            self.expire(route, used).await;
            let name = format!("{}, {}", route.route, self.isolation);
            let judged = {
                let step = self.progress.step(name, &[(route.route.clone(), n)]);
                measure::fire(std::slice::from_ref(&burst), &step.handle, self.running.trace()).await
            };
            used.insert(route.component.clone().unwrap_or_default(), Instant::now());
            let Some(judged_burst) = judged.bursts.into_iter().next() else { continue };
            let is_judged = judged_burst.verdict.kind != Kind::Inconclusive;
            last = Some((judged.generator, judged_burst));
            if is_judged {
                break;
            }
        }
        let (generator, burst) = last?;
        // Only the generator's load is added here; the burst belongs to a run with several.
        document.add_load(generator, descriptors::raise_limit(), std::slice::from_ref(&burst));
        Some(burst)
    }
}

/// The index of the run of the same route and use of instances; `run` is added if there is none.
fn index_of(run: Run, runs: &mut Vec<Run>) -> usize {
    let key = |run: &Run| (run.setup.clone(), run.title.clone(), run.instances);
    let found = runs.iter().position(|other| key(other) == key(&run));
    found.unwrap_or_else(|| {
        runs.push(run);
        runs.len() - 1
    })
}
