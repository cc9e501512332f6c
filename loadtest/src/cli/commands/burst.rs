//! `loadtest burst`: URLs of one's own.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use judge::schedule::Schedule;
use results::document::{Document, Run};

use super::aim::{self, Aim};
use super::outcome::Outcome;
use super::signals::{Ended, Signals};
use super::trusted;
use crate::cli::flags::BurstArgs;
use crate::console::note;
use crate::exit::{Exit, Failure};
use crate::generator::BurstSpec;
use crate::machine::descriptors;
use crate::report::{hey, terminal};
use crate::runner::document;
use crate::runner::measure::{self, Judged, Measured};
use crate::runner::progress::{self, Progress};

pub async fn burst(args: BurstArgs, signals: &mut Signals) -> Result<Exit, Ended> {
    let outcome = Outcome::prepare(args.report.clone(), &endpoints(&args.urls))?;
    let schedules = schedules(&args)?;
    let mut document = document::begin();
    let bursts = signals.or_end(all_measured(&args, schedules)).await?;
    let (judged, interrupted) = fired(&bursts, &args, signals).await;
    let run = Run {
        system: args.urls.join(" "),
        manifest: None,
        instances: None,
        round: 1,
        setup: "burst".to_owned(),
        title: String::new(),
        generator: None,
        bursts: judged.bursts,
    };
    document.add(run, judged.generator, descriptors::raise_limit());
    outcome.tell(&mut document, |document| told(&args, document))?;
    match interrupted {
        true => Err(Ended::Interrupted),
        false => Ok(outcome.exit(&document, trusted(&document))),
    }
}

/// As the result will name them; what is no URL is said later.
fn endpoints(urls: &[String]) -> Vec<String> {
    let parsed = urls.iter().filter_map(|url| reqwest::Url::parse(url).ok());
    parsed.map(|url| endpoint::name_of(url.path())).collect()
}

/// One for each URL; all their connections are open at once.
fn schedules(args: &BurstArgs) -> Result<Vec<Schedule>, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let schedules = args.schedule.schedules(args.urls.len()).map_err(usage)?;
    descriptors::check(schedules.iter().map(Schedule::connections).sum()).map_err(usage)?;
    Ok(schedules)
}

async fn fired(bursts: &[Measured], args: &BurstArgs, signals: &mut Signals) -> (Judged, bool) {
    let at = args.start_at;
    let until = at.and_then(|at| at.duration_since(SystemTime::now()).ok()).unwrap_or_default();
    let about = bursts.iter().map(estimate).max().unwrap_or_default();
    let named: Vec<(String, usize)> =
        bursts.iter().map(|one| (one.spec.request.url.path().to_owned(), one.spec.schedule.n)).collect();
    let what =
        progress::expected(&named).map_or("requests".to_owned(), |expected| format!("{expected} requests"));
    let step = Progress::begin(until + about, args.looks.quiet).step(what, &named);
    let handle = step.handle.clone().starting_at(at);
    let mut fired = pin!(measure::fire(bursts, &handle));
    tokio::select! {
        judged = &mut fired => (judged, false),
        () = signals.next() => {
            handle.stop();
            (fired.await, true)
        }
    }
}

/// About how long it takes, as far as the schedule says.
fn estimate(measured: &Measured) -> Duration {
    let Schedule { n, delay, duration, open, .. } = measured.spec.schedule;
    let alone = Duration::try_from_secs_f64(measured.service_ms / 1e3).unwrap_or_default();
    let planned = open.map(|open| {
        open.ramp / 2 + Duration::try_from_secs_f64(n as f64 / open.rate).unwrap_or(Duration::MAX)
    });
    delay + duration.into_iter().chain(planned).min().unwrap_or_default().saturating_add(alone)
}

fn told(args: &BurstArgs, document: &Document) -> String {
    if args.output.is_none() {
        return terminal::bursts(document, terminal::width(), !args.looks.quiet);
    }
    let counted: usize = document.bursts().map(|burst| burst.counted_only).sum();
    if counted > 0 {
        note(&format!("{counted} more requests were only counted, and have no line (--max-rows keeps more)"));
    }
    hey::csv(document.bursts())
}

async fn all_measured(args: &BurstArgs, schedules: Vec<Schedule>) -> Result<Vec<Measured>, Failure> {
    let mut bursts = Vec::new();
    for (url, schedule) in args.urls.iter().zip(schedules) {
        bursts.push(measured(args, url, schedule).await?);
    }
    Ok(bursts)
}

async fn measured(args: &BurstArgs, url: &str, schedule: Schedule) -> Result<Measured, Failure> {
    let asked_for = match schedule.n {
        usize::MAX => "those asked for".to_owned(),
        n => format!("the {n} asked for"),
    };
    let Aim { request, timeout, service_ms } = aim::aim(&args.request, url, &asked_for).await?;
    Ok(Measured { spec: BurstSpec { request, schedule, timeout }, service_ms })
}
