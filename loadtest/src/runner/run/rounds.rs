//! The rounds of a run: starts each system, fires the setups, stops it.

use std::pin::{Pin, pin};
use std::time::Duration;

use results::document::Document;

use super::{Runner, SystemUnderTest};
use crate::console::note;
use crate::exit::{Aborted, Failure};
use crate::runner::interrupt::unless;
use crate::runner::progress::Progress;
use crate::targets::{Running, StartError, StartOptions};

/// How long after a burst a system's end still counts as the cause of the burst's failures: the connections of a process close
/// a moment before its end is known.
const END_DETECTION: Duration = Duration::from_millis(200);

/// The rounds of a run.
pub struct Rounds<'a> {
    /// The setups.
    pub runner: &'a Runner,
    /// The systems under test.
    pub systems: &'a [SystemUnderTest],
    /// The number of rounds.
    pub repeat: u32,
    /// The options of each start.
    pub options: StartOptions<'a>,
    /// Whether no progress is shown.
    pub is_quiet: bool,
}

impl Rounds<'_> {
    /// Runs all rounds, and adds the results to `document`. After an error, the results up to then are in `document`.
    ///
    /// # Errors
    ///
    /// If a system does not start, ends during the run or does not answer, or if interrupted.
    pub async fn run(
        &self,
        document: &mut Document,
        interrupted: impl Future<Output = ()>,
    ) -> Result<(), Aborted> {
        let round: Duration = self.systems.iter().map(|system| self.runner.estimate(system)).sum();
        let progress = Progress::begin(round * self.repeat, self.is_quiet);
        let mut interrupted = pin!(interrupted);
        // The systems take turns, so that a temporary load on the machine affects all of them.
        for round in 1..=self.repeat {
            for system in self.systems {
                self.turn(round, system, &progress, document, interrupted.as_mut()).await?;
            }
        }
        Ok(())
    }

    async fn turn(
        &self,
        round: u32,
        system: &SystemUnderTest,
        progress: &Progress,
        document: &mut Document,
        mut interrupted: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), Aborted> {
        let Some(running) = unless(interrupted.as_mut(), self.start(system)).await? else { return Ok(()) };
        let fired = self.fire(round, system, &running, progress, document);
        let fired = unless(interrupted, fired).await;
        let usage = running.usage().map(|usage| system.usage(round, running.version(), usage));
        document.systems.extend(usage);
        running.stop().await;
        fired
    }

    /// Starts `system`; `None` with a note if it does not support the application.
    async fn start(&self, system: &SystemUnderTest) -> Result<Option<Running>, Failure> {
        match system.target.start(system.app.as_ref(), &self.runner.paths(), &self.options).await {
            Ok(running) => Ok(Some(running)),
            Err(StartError::Failed(failure)) => Err(failure),
            Err(StartError::Unsupported(sentence)) => {
                note(&sentence);
                Ok(None)
            }
        }
    }

    async fn fire(
        &self,
        round: u32,
        system: &SystemUnderTest,
        running: &Running,
        progress: &Progress,
        document: &mut Document,
    ) -> Result<(), Failure> {
        let fired = tokio::select! {
            fired = self.runner.fire(system, running, round, progress, document) => fired,
            ended = running.unexpected_end() => return Err(ended),
        };
        match tokio::time::timeout(END_DETECTION, running.unexpected_end()).await {
            Ok(ended) => Err(ended),
            Err(_) => fired.map_err(|failure| running.with_last_output(failure)),
        }
    }
}
