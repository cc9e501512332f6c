//! Finds which routes of an application sharing instances slows: fires bursts at each route with shared instances, and again with an
//! instance for each request.

mod comparison;
mod firing;
mod route;

use std::pin::pin;
use std::time::Duration;

use host::App;
use host::isolation::Policy;
use host::wasm::Wasi;
use results::document::{Audit, Document, Isolation};

use self::comparison::Measured;
use self::firing::Firing;
pub use self::route::{Given, Route};
use crate::exit::{Aborted, Exit, Failure};
use crate::runner::interrupt::unless;
use crate::runner::progress::Progress;
use crate::targets::{Running, StartError, StartOptions, Target};

/// The time that a route takes, for the estimate.
const ROUTE_TIME: Duration = Duration::from_secs(6);

/// An audit to make.
pub struct Auditing<'a> {
    /// The system.
    pub target: &'a Target,
    /// The application.
    pub app: &'a App,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The number of requests of a burst.
    pub n: usize,
    /// The isolation when instances are shared.
    pub policy: Policy,
    /// The options of a start; the policy is replaced.
    pub options: StartOptions<'a>,
    /// Whether no progress is shown.
    pub is_quiet: bool,
}

impl Auditing<'_> {
    /// Fires the bursts, and adds them and what they show to `document`. After an error, the results up to then are in
    /// `document`.
    ///
    /// # Errors
    ///
    /// If the system does not start, or ends during the audit, or if interrupted.
    pub async fn run(
        &self,
        document: &mut Document,
        interrupted: impl Future<Output = ()>,
    ) -> Result<(), Aborted> {
        let fired = self.routes.iter().filter(|route| route.burst.is_some()).count();
        let progress = Progress::begin(ROUTE_TIME * u32::try_from(fired).unwrap_or(u32::MAX), self.is_quiet);
        let mut measured: Vec<Measured> = self.routes.iter().map(|_| Measured::default()).collect();
        let mut interrupted = pin!(interrupted);
        let mut ended = Ok(());
        // Then the suspect pairs once more.
        let passes =
            [false, true].map(|is_again| [Isolation::Shared, Isolation::Fresh].map(|of| (of, is_again)));
        for (isolation, is_again) in passes.into_iter().flatten() {
            let use_of_instances = self.with(isolation, is_again, &mut measured, &progress, document);
            ended = unless(interrupted.as_mut(), use_of_instances).await;
            if ended.is_err() {
                break;
            }
        }
        document.runs.retain(|run| !run.bursts.is_empty());
        let conclusions =
            self.routes.iter().zip(&measured).map(|(route, measured)| measured.conclusion(route));
        let is_shared = |route: &&Route| route.wasi == Some(Wasi::P3);
        let mut shared: Vec<String> =
            self.routes.iter().filter(is_shared).filter_map(|route| route.component.clone()).collect();
        shared.sort();
        shared.dedup();
        document.audit = Some(Audit {
            system: self.target.name().to_owned(),
            manifest: self.app.manifest.display().to_string(),
            n: self.n,
            shared_components: shared,
            routes: conclusions.collect(),
        });
        ended
    }

    /// Fires all bursts of one use of instances; if `is_again`, only those of suspect pairs.
    async fn with(
        &self,
        isolation: Isolation,
        is_again: bool,
        measured: &mut [Measured],
        progress: &Progress,
        document: &mut Document,
    ) -> Result<(), Failure> {
        let is_fired = |(route, measured): &(&Route, &Measured)| {
            let is_wanted = match is_again {
                true => measured.suspect().is_some(),
                false => isolation == Isolation::Fresh || route.wasi == Some(Wasi::P3),
            };
            is_wanted
                && route.burst.is_some()
                && measured.fails_alone.is_none()
                && measured.left_out.is_none()
        };
        let fired: Vec<usize> = self
            .routes
            .iter()
            .zip(&*measured)
            .enumerate()
            .filter(|(_, route)| is_fired(route))
            .map(|(at, _)| at)
            .collect();
        if fired.is_empty() {
            return Ok(());
        }
        let policy = match isolation {
            Isolation::Fresh => isolated(&self.policy)?,
            _ => self.policy.clone(),
        };
        let running = self.start(&policy).await?;
        let firing =
            Firing { auditing: self, isolation, is_again, policy: &policy, running: &running, progress };
        let result = tokio::select! {
            result = firing.all(&fired, measured, document) => result,
            ended = running.unexpected_end() => Err(ended),
        };
        running.stop().await;
        result
    }

    async fn start(&self, policy: &Policy) -> Result<Running, Failure> {
        let bursts = self.routes.iter().filter_map(|route| route.burst.as_ref());
        let paths: Vec<&str> = bursts.map(|burst| burst.path.as_str()).collect();
        let options = StartOptions { policy, ..self.options };
        self.target.start(Some(self.app), &paths, &options).await.map_err(|error| match error {
            StartError::Failed(failure) => failure,
            StartError::Unsupported(sentence) => Failure::new(Exit::System, sentence),
        })
    }
}

/// The same isolation, with an instance for each request.
fn isolated(policy: &Policy) -> Result<Policy, Failure> {
    let one = "1".parse().map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(Policy { max_instance_reuse_count: Some(one), ..policy.clone() })
}
