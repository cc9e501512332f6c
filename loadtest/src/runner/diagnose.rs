//! A diagnosis: fires the experiments that the planner chooses, until it knows.

use std::cell::Cell;
use std::pin::pin;
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue};
use judge::experiment::{
    Abilities, Budget, Connections, End, Experiment, Observed, Part, Planner, Spent, Step, Target,
};
use judge::trace::Trace;
use judge::units;
use results::document::{Diagnosed, Document, Run};

use super::interrupt::{self, is_interrupted_in};
use super::measure::{self, CalibratedBurst, JudgedBursts};
use super::progress::Progress;
use super::request::{PreparedRequest, RequestSpec};
use crate::console::note;
use crate::exit::{Aborted, Exit, Failure};
use crate::machine::descriptors;

/// What is diagnosed, and with what.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The endpoint.
    pub url: String,
    /// The request, over HTTP/1.1.
    pub request: RequestSpec,
    /// A second URL, of another duration.
    pub also: Option<String>,
    /// A header of another session.
    pub other_header: Option<(HeaderName, HeaderValue)>,
    /// Whether the server speaks HTTP/2, too.
    pub http2: bool,
    /// What the experiments may cost.
    pub budget: Budget,
}

/// The requests that experiments consist of.
struct Requests {
    main: PreparedRequest,
    also: Option<PreparedRequest>,
    other_header: Option<PreparedRequest>,
    over_http2: Option<PreparedRequest>,
}

impl Subject {
    /// Says what the experiments may cost.
    pub fn announce(&self) {
        let Budget { max_requests, max_time } = self.budget;
        note(&format!(
            "Up to {max_requests} requests within {} (--max-requests, --max-time).",
            units::time(max_time.as_secs_f64() * 1e3)
        ));
    }
}

/// A diagnosis under way.
pub struct Diagnosing {
    subject: Subject,
    requests: Requests,
    planner: Planner,
    began: Instant,
    /// The number of requests that were sent.
    sent: usize,
    /// When the last request ended.
    idle_since: Instant,
    seen: Vec<Observed>,
}

impl Diagnosing {
    /// Resolves the URLs, and measures requests alone.
    ///
    /// # Errors
    ///
    /// As [`RequestSpec::prepare`].
    pub async fn begin(subject: Subject) -> Result<Self, Failure> {
        let began = Instant::now();
        let max_time = subject.budget.max_time;
        match tokio::time::timeout(max_time, Self::prepared(subject, began)).await {
            Ok(prepared) => prepared,
            Err(_) => Err(Failure::new(
                Exit::System,
                format!(
                    "the requests alone were not answered within --max-time, {}",
                    units::time(max_time.as_secs_f64() * 1e3)
                ),
            )),
        }
    }

    async fn prepared(subject: Subject, began: Instant) -> Result<Self, Failure> {
        let main = subject.request.prepare(&subject.url).await?;
        let also = match &subject.also {
            Some(url) => Some(subject.request.prepare(url).await?),
            None => None,
        };
        let other_header = subject.other_header.clone().map(|(name, value)| main.with_header(name, value));
        let over_http2 = match subject.http2 {
            true => Some(subject.request.over_http2(&subject.url, &main).await?),
            false => None,
        };
        let planner = Planner {
            service_ms: main.service_ms,
            alone: main.baseline.clone(),
            abilities: Abilities {
                also: also.as_ref().map(|also| milliseconds(also.service_ms)),
                other_header: other_header.is_some(),
                http2: subject.http2,
            },
            budget: subject.budget,
        };
        let sent = [Some(&main), also.as_ref()].into_iter().flatten().map(|one| one.measured).sum();
        let requests = Requests { main, also, other_header, over_http2 };
        Ok(Self { subject, requests, planner, began, sent, idle_since: Instant::now(), seen: Vec::new() })
    }

    /// Fires experiments until the mechanism is known, the budget is spent, or `interrupted` completes. Adds a run for each, and
    /// the diagnosis, to `document`.
    ///
    /// # Errors
    ///
    /// If the planner can't run.
    pub async fn run(
        mut self,
        is_quiet: bool,
        document: &mut Document,
        interrupted: impl Future<Output = ()>,
    ) -> Result<End, Failure> {
        let progress = Progress::begin(self.subject.budget.max_time, is_quiet);
        // The end of the time ends an experiment as a signal does: a part of an experiment is no evidence.
        let (ended, left) = (Cell::new(End::Interrupted), self.left());
        let mut stopped = pin!(async {
            tokio::select! {
                biased;
                () = interrupted => {}
                () = tokio::time::sleep(left) => ended.set(End::TimeSpent),
            }
        });
        let end = loop {
            let next = match interrupt::unless(stopped.as_mut(), self.next()).await {
                Ok(next) => next,
                Err(Aborted::Interrupted) => break ended.get(),
                Err(Aborted::Failed(failure)) => return Err(failure),
            };
            let experiment = match next {
                Step::Fire(experiment) => experiment,
                Step::Done(end) => break end,
            };
            let (bursts, idle_since) = (self.bursts(&experiment), self.idle_since);
            let names = measure::names(&bursts);
            let title = format!("experiment {}: {}", self.seen.len() + 1, experiment.title);
            let step = progress.step(title, &names);
            if is_interrupted_in(experiment.pause, stopped.as_mut()).await {
                break ended.get();
            }
            // The computation before it is a pause, too: buckets refill meanwhile.
            let pause = idle_since.elapsed();
            let (judged, is_stopped) = measure::fire_until(&bursts, &step.handle, stopped.as_mut()).await;
            drop(step);
            if is_stopped {
                break ended.get();
            }
            self.add(Experiment { pause, ..experiment }, judged, document);
        };
        let (planner, seen) = (self.planner.clone(), std::mem::take(&mut self.seen));
        let diagnosis = tokio::task::spawn_blocking(move || planner.diagnosis(&seen, end));
        let diagnosis = diagnosis.await.map_err(|_| planner_failed())?;
        document.diagnosis = Some(Diagnosed::new(self.subject.url, diagnosis));
        Ok(end)
    }

    /// Asks the planner for the next step. It computes for a second or more: signals must not wait for it.
    async fn next(&self) -> Result<Step, Failure> {
        let (planner, seen, spent) = (self.planner.clone(), self.seen.clone(), self.spent());
        tokio::task::spawn_blocking(move || planner.next(&seen, spent)).await.map_err(|_| planner_failed())
    }

    fn spent(&self) -> Spent {
        Spent { requests: self.sent, time: self.began.elapsed() }
    }

    fn left(&self) -> Duration {
        self.subject.budget.max_time.saturating_sub(self.began.elapsed())
    }

    /// Returns the bursts of an experiment.
    fn bursts(&self, experiment: &Experiment) -> Vec<CalibratedBurst> {
        let Requests { main, also, other_header, over_http2 } = &self.requests;
        let burst = |(i, part): (usize, &Part)| {
            let request = match (part.target, experiment.connections) {
                (Target::Also, _) => also.as_ref(),
                (Target::OtherHeader, _) => other_header.as_ref(),
                (Target::Main, Connections::OneHttp2) => over_http2.as_ref(),
                (Target::Main, _) => None,
            };
            let mut burst = request.unwrap_or(main).burst(part.schedule());
            burst.solo_after = false;
            let is_kept = experiment.connections == Connections::Kept;
            burst.spec.opens_when_due = !part.schedule().is_together();
            burst.spec.connections_of = i.checked_sub(1).filter(|_| is_kept);
            burst
        };
        experiment.parts.iter().enumerate().map(burst).collect()
    }

    fn add(&mut self, experiment: Experiment, judged: JudgedBursts, document: &mut Document) {
        self.sent += experiment.requests();
        self.idle_since = Instant::now();
        let run = Run {
            system: self.subject.url.clone(),
            manifest: None,
            instances: None,
            round: 1,
            setup: (self.seen.len() + 1).to_string(),
            title: experiment.title.clone(),
            generator: None,
            bursts: judged.bursts,
        };
        document.add(run, judged.generator, descriptors::raise_limit());
        let traces: Vec<Trace> = judged.traces;
        self.seen.push(Observed { experiment, traces });
    }
}

fn planner_failed() -> Failure {
    Failure::new(Exit::System, "the experiments could not be planned: this is an error in loadtest")
}

fn milliseconds(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}
