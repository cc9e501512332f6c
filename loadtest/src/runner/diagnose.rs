//! A diagnosis: fires the experiments that the planner chooses, until it knows.

use std::pin::pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
use crate::exit::{Aborted, Exit, Failure, OrExit};
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

/// A diagnosis under way.
pub struct Diagnosing {
    subject: Subject,
    requests: Requests,
    planner: Planner,
    began: Instant,
    /// The number of requests that were sent.
    sent: usize,
    /// When the last request ended, in microseconds since 1970.
    idle_since_us: u64,
    seen: Vec<Observed>,
}

/// What comes next.
enum Next {
    Fire(Experiment),
    Done(End),
}

impl Diagnosing {
    /// Resolves the URLs, and measures requests alone.
    ///
    /// # Errors
    ///
    /// As [`RequestSpec::prepare`].
    pub async fn begin(subject: Subject) -> Result<Self, Failure> {
        let began = Instant::now();
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
        let idle_since_us = unix_us(SystemTime::now());
        Ok(Self { subject, requests, planner, began, sent, idle_since_us, seen: Vec::new() })
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
        let mut interrupted = pin!(interrupted);
        let end = loop {
            let next = match interrupt::unless(interrupted.as_mut(), self.next()).await {
                Ok(next) => next,
                Err(Aborted::Interrupted) => break End::Interrupted,
                Err(Aborted::Failed(failure)) => return Err(failure),
            };
            let experiment = match next {
                Next::Fire(experiment) => experiment,
                Next::Done(end) => break end,
            };
            let bursts = self.bursts(&experiment);
            let names: Vec<(String, usize)> = bursts
                .iter()
                .map(|burst| (burst.spec.request.url.path().to_owned(), burst.spec.schedule.n))
                .collect();
            let title = format!("experiment {}: {}", self.seen.len() + 1, experiment.title);
            let step = progress.step(title, &names);
            if is_interrupted_in(experiment.pause, interrupted.as_mut()).await {
                break End::Interrupted;
            }
            let (judged, is_interrupted) =
                measure::fire_until(&bursts, &step.handle, interrupted.as_mut()).await;
            drop(step);
            if is_interrupted {
                // A part of an experiment is no evidence.
                break End::Interrupted;
            }
            self.add(experiment, judged, document);
        };
        let (planner, seen) = (self.planner.clone(), std::mem::take(&mut self.seen));
        let diagnosis = tokio::task::spawn_blocking(move || planner.diagnosis(&seen, end));
        let diagnosis = diagnosis.await.or_exit(Exit::System)?;
        document.diagnosis = Some(Diagnosed::new(self.subject.url, diagnosis));
        Ok(end)
    }

    /// Asks the planner for the next step. It computes for a second or more: signals must not wait for it.
    async fn next(&self) -> Result<Next, Failure> {
        let (planner, seen, spent) = (self.planner.clone(), self.seen.clone(), self.spent());
        let step = tokio::task::spawn_blocking(move || planner.next(&seen, spent)).await;
        match step.or_exit(Exit::System)? {
            // What the requests alone and the computation took counts, too.
            Step::Fire(_) if self.left().is_zero() => Ok(Next::Done(End::TimeSpent)),
            Step::Fire(experiment) => Ok(Next::Fire(experiment)),
            Step::Done(end) => Ok(Next::Done(end)),
        }
    }

    fn spent(&self) -> Spent {
        Spent { requests: self.sent, time: self.began.elapsed() }
    }

    fn left(&self) -> Duration {
        self.subject.budget.max_time.saturating_sub(self.began.elapsed())
    }

    /// Returns the bursts of an experiment. No request lasts longer than the time that is left.
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
            burst.spec.timeout = burst.spec.timeout.into_iter().chain([self.left()]).min();
            burst.spec.connections_of = (experiment.connections == Connections::Kept && i > 0).then_some(0);
            burst
        };
        experiment.parts.iter().enumerate().map(burst).collect()
    }

    fn add(&mut self, experiment: Experiment, judged: JudgedBursts, document: &mut Document) {
        self.sent += experiment.requests();
        // The computation before it is a pause, too.
        let start = judged.bursts.iter().filter_map(|burst| burst.start_unix_us).min();
        let start = start.unwrap_or(self.idle_since_us);
        let pause = Duration::from_micros(start.saturating_sub(self.idle_since_us));
        let ends = judged.bursts.iter().map(|burst| {
            burst.start_unix_us.unwrap_or(start) + milliseconds(burst.total_ms).as_micros() as u64
        });
        self.idle_since_us = ends.max().unwrap_or(start);
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
        self.seen.push(Observed { experiment: Experiment { pause, ..experiment }, traces });
    }

    /// Says what the experiments may cost.
    pub fn announce(&self) {
        let Budget { max_requests, max_time } = self.subject.budget;
        note(&format!(
            "Up to {max_requests} requests within {} follow, those alone included (--max-requests, --max-time).",
            units::time(max_time.as_secs_f64() * 1e3)
        ));
    }
}

fn unix_us(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

fn milliseconds(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}
