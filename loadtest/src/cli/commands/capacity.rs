//! `loadtest capacity`: how many requests an endpoint takes at once.

use std::pin::pin;
use std::time::Duration;

use judge::capacity::{End, Search, Step, Survey};
use judge::schedule::Schedule;
use judge::trace::Trace;
use judge::units;
use results::capacity::Document;

use super::aim::{self, Aim};
use super::signals::{Ended, Signals};
use super::tell;
use crate::cli::flags::CapacityArgs;
use crate::console::note;
use crate::exit::{Exit, Failure, OrExit};
use crate::generator::BurstSpec;
use crate::machine::{self, descriptors};
use crate::report::{self, terminal};
use crate::runner::document::{TOOL, now};
use crate::runner::measure::{self, Measured};
use crate::runner::progress::Progress;

pub async fn capacity(args: CapacityArgs, signals: &mut Signals) -> Result<Exit, Ended> {
    let started = now();
    let room = descriptors::max_connections().max(1);
    let limit = args.limit.min(usize::try_from(room).unwrap_or(usize::MAX));
    let aim = signals.or_end(aim::aim(&args.request, &args.url, "those of the search")).await?;
    let search = Search { limit, repeat: args.repeat };
    let mut survey = Survey::new(search, aim.service_ms, args.request.service_ms.is_some());
    let ended = match searched(&mut survey, &aim, args.looks.quiet, signals).await {
        End::Limit if limit < args.limit => End::Descriptors,
        ended => ended,
    };
    let document = Document::new(&survey, args.url, ended, TOOL.to_owned(), machine::describe(), started);
    tell(&told(&document, args.json)?)?;
    match ended {
        End::Interrupted => Err(Ended::Interrupted),
        ended => Ok(exit(ended, &document)),
    }
}

/// Fires what the search asks for, until it has its answer.
async fn searched(survey: &mut Survey, aim: &Aim, is_quiet: bool, signals: &mut Signals) -> End {
    let service = Duration::try_from_secs_f64(survey.service_ms() / 1e3).unwrap_or_default();
    let about = survey.search.about(service);
    note(&format!(
        "One request alone takes {}. Bursts of up to {} requests follow, for up to about {}.",
        units::time(survey.service_ms()),
        survey.search.limit,
        units::time(about.as_secs_f64() * 1e3)
    ));
    let progress = Progress::begin(about, is_quiet);
    loop {
        let n = match survey.next() {
            Step::Fire(n) => n,
            Step::Done(ended) => return ended,
        };
        let (burst, taken) = (survey.observed.len() + 1, survey.taken());
        let what = format!("burst {burst}, {n} at once; so far {taken} were taken");
        let spec =
            BurstSpec { request: aim.request.clone(), schedule: Schedule::together(n), timeout: aim.timeout };
        let measured = Measured { spec, service_ms: survey.service_ms() };
        match fired(measured, &progress, what, signals).await {
            Some(trace) => survey.add(&trace),
            None => return End::Interrupted,
        }
    }
}

/// `None` where a signal came first: half a burst says nothing.
async fn fired(
    measured: Measured,
    progress: &Progress,
    what: String,
    signals: &mut Signals,
) -> Option<Trace> {
    let step =
        progress.step(what, &[(measured.spec.request.url.path().to_owned(), measured.spec.schedule.n)]);
    let bursts = [measured];
    let mut firing = pin!(measure::fire(&bursts, &step.handle));
    tokio::select! {
        judged = &mut firing => judged.traces.into_iter().next(),
        () = signals.next() => {
            step.handle.stop();
            firing.await;
            None
        }
    }
}

fn told(document: &Document, json: bool) -> Result<String, Failure> {
    match json {
        true => Ok(serde_json::to_string_pretty(document).or_exit(Exit::System)? + "\n"),
        false => Ok(report::capacity::text(document, terminal::width())),
    }
}

fn exit(ended: End, document: &Document) -> Exit {
    match ended {
        End::Unanswered => Exit::System,
        // More than one at a time is an answer, if only a lower bound; less is none.
        End::Generator if document.answer.at_a_time.is_none() && document.answer.at_a_time_low <= 1.0 => {
            Exit::Untrusted
        }
        _ => Exit::Success,
    }
}
