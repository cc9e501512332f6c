//! `loadtest run`: setups by systems.

use std::path::{Path, PathBuf};
use std::time::Duration;

use host::isolation::Policy;
use judge::verdict::Kind;
use results::document::{Document, SystemUsage};

use super::outcome::Outcome;
use super::signals::{Ended, Signals};
use super::{build, manifests_or_default, trusted};
use crate::cli::flags::{AppArgs, RunArgs, SystemArgs};
use crate::console::note;
use crate::exit::{Exit, Failure, OrExit};
use crate::plan;
use crate::report::terminal;
use crate::runner::document;
use crate::runner::progress::Progress;
use crate::runner::run::{Lab, Subject};
use crate::targets::{NotStarted, Options, Running, System, definitions};

/// Where systems of one's own are described.
const OWN_SYSTEMS: &str = "systems.toml";
/// How long after its connections' end a dead system is waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub async fn run(args: RunArgs, signals: &mut Signals) -> Result<Exit, Ended> {
    let setups = plan::built_in().or_exit(Exit::Usage)?;
    let setups = plan::select(setups, &args.setups).map_err(|error| Failure::new(Exit::Usage, error))?;
    let lab = Lab { setups, time_scale: args.time_scale, policy: args.isolation.into() };
    let outcome = Outcome::prepare(args.report, &lab.endpoints())?;
    let systems = chosen(&args.systems)?;
    let subjects = subjects(&systems, &args.manifests, args.check, &args.app, &lab.policy);
    let subjects = signals.or_end(subjects).await?;

    let app_flags = args.app.flags();
    let options = Options {
        app_flags: &app_flags,
        policy: &lab.policy,
        workers: args.systems.workers,
        threads: args.systems.threads,
        ready_timeout: args.systems.ready_timeout,
    };
    let mut document = document::begin();
    let about: Duration = subjects.iter().map(|subject| lab.estimate(subject)).sum();
    let progress = Progress::begin(about * args.repeat, args.looks.quiet);
    // Taking turns: what disturbs the machine for a while then disturbs all alike.
    let turns = (1..=args.repeat).flat_map(|round| subjects.iter().map(move |subject| (round, subject)));
    let ended = test_all(&lab, turns, &options, &progress, &mut document, signals).await;
    // What was measured is kept and told, whatever came after.
    if !document.runs.is_empty() {
        if ended.is_err() {
            note("Cut short; these are the results so far:");
        }
        outcome
            .tell(&mut document, |document| terminal::run(document, terminal::width(), !args.looks.quiet))?;
    }
    ended?;
    Ok(outcome.exit(&document, if args.check { checked(&document) } else { trusted(&document) }))
}

async fn test_all<'a>(
    lab: &Lab,
    turns: impl Iterator<Item = (u32, &'a Subject)>,
    options: &Options<'_>,
    progress: &Progress,
    document: &mut Document,
    signals: &mut Signals,
) -> Result<(), Ended> {
    for (round, subject) in turns {
        let Some(running) = signals.or_end(start(lab, subject, options)).await? else { continue };
        let tested = async {
            let tested = tokio::select! {
                tested = lab.test(subject, &running, round, progress, document) => tested,
                died = running.died() => return Err(died),
            };
            // Its connections close a moment before it is known to be dead.
            match tokio::time::timeout(LAST_WORDS, running.died()).await {
                Ok(died) => Err(died),
                Err(_) => tested.map_err(|failure| running.with_last_words(failure)),
            }
        };
        let tested = signals.or_end(tested).await;
        document.systems.extend(running.usage().map(|usage| SystemUsage {
            system: subject.system.name().to_owned(),
            manifest: subject.manifest(),
            version: running.version(),
            round,
            usage,
        }));
        running.stop().await;
        tested?;
    }
    Ok(())
}

/// `None` where it can't run the application, which is said.
async fn start(lab: &Lab, subject: &Subject, options: &Options<'_>) -> Result<Option<Running>, Failure> {
    match subject.system.start(subject.app.as_ref(), &lab.paths(), options).await {
        Ok(running) => Ok(Some(running)),
        Err(NotStarted::Failed(failure)) => Err(failure),
        Err(NotStarted::Skipped(sentence)) => {
            note(&sentence);
            Ok(None)
        }
    }
}

/// Those that `--on` names. Those of one's own are read where they are asked for.
fn chosen(args: &SystemArgs) -> Result<Vec<System>, Failure> {
    let own = match &args.definitions {
        Some(file) => definitions(file).or_exit(Exit::Usage)?,
        None if args.on.iter().all(|name| System::named(name, &[]).is_ok()) => Vec::new(),
        None if Path::new(OWN_SYSTEMS).exists() => definitions(OWN_SYSTEMS.as_ref()).or_exit(Exit::Usage)?,
        None => Vec::new(),
    };
    let named = |name: &String| System::named(name, &own).map_err(|error| Failure::new(Exit::Usage, error));
    let systems = match &args.on[..] {
        [] => vec![System::Embedded],
        names => names.iter().map(named).collect::<Result<_, _>>()?,
    };
    if (args.workers, args.threads) != (1, None) && !systems.contains(&System::Fastapi) {
        return Err(Failure::new(Exit::Usage, "--workers and --threads are for --on fastapi"));
    }
    Ok(systems)
}

/// What was expected decides; a burst of which nothing was, may end without a verdict.
fn checked(document: &Document) -> Exit {
    let failed = || document.bursts().filter(|burst| burst.as_expected == Some(false));
    match (failed().count(), failed().all(|burst| burst.verdict.kind == Kind::Inconclusive)) {
        (0, _) if document.generator.saturated => Exit::Untrusted,
        (0, _) => Exit::Success,
        (_, true) => Exit::Untrusted,
        (_, false) => Exit::Unexpected,
    }
}

/// Systems by applications: some run all that are given, a server that runs already just one, others none.
async fn subjects(
    systems: &[System],
    manifests: &[PathBuf],
    check: bool,
    app: &AppArgs,
    policy: &Policy,
) -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for system in systems {
        let manifests = match system {
            System::Url(url) => behind(url, manifests, check)?.to_vec(),
            system if system.runs_apps() => manifests_or_default(manifests),
            _ => Vec::new(),
        };
        for manifest in &manifests {
            let app = build::up_to_date(manifest, app).await?;
            subjects.push(Subject::new(system.clone(), Some(app), policy)?);
        }
        if manifests.is_empty() {
            subjects.push(Subject::new(system.clone(), None, policy)?);
        }
    }
    Ok(subjects)
}

fn behind<'a>(url: &str, manifests: &'a [PathBuf], check: bool) -> Result<&'a [PathBuf], Failure> {
    let message = match manifests {
        [] if check => format!("--check needs --manifest to know what runs at {url}"),
        [] | [_] => return Ok(manifests),
        _ => format!("only one application can run at {url}: give one --manifest"),
    };
    Err(Failure::new(Exit::Usage, message))
}
