//! `loadtest run`.

use std::path::{Path, PathBuf};

use host::isolation::Policy;
use judge::verdict::Kind;
use results::document::Document;

use super::build;
use super::inputs::{built_in_setups, manifests_or_default};
use super::result_writer::{ResultWriter, reliability};
use super::signals::Signals;
use crate::cli::flags::{AppArgs, RunArgs, SystemArgs};
use crate::console::note;
use crate::exit::{Aborted, Exit, Failure, OrExit};
use crate::plan;
use crate::report::terminal;
use crate::runner::document;
use crate::runner::run::{Rounds, Runner, SystemUnderTest};
use crate::targets::{BUILT_IN, Content, StartOptions, THREADS, Target, WORKERS, definitions};

/// The default of `--systems`.
const SYSTEMS_FILE: &str = "systems.toml";

pub async fn run(args: RunArgs, signals: &mut Signals) -> Result<Exit, Aborted> {
    let setups =
        plan::select(built_in_setups()?, &args.setups).map_err(|error| Failure::new(Exit::Usage, error))?;
    let runner = Runner { setups, time_scale: args.time_scale, policy: args.isolation.into() };
    let writer = ResultWriter::new(args.report, Some(&runner.endpoints()))?;
    let targets = targets(&args.systems)?;
    let systems = systems(&targets, &args.manifests, args.check, &args.app, &runner.policy);
    let systems = signals.or_abort(systems).await?;

    let app_flags = args.app.flags();
    let options = StartOptions {
        app_flags: &app_flags,
        policy: &runner.policy,
        workers: args.systems.workers,
        threads: args.systems.threads,
        ready_timeout: args.systems.ready_timeout,
    };
    let is_quiet = args.output.quiet;
    let mut document = document::begin();
    let rounds = Rounds { runner: &runner, systems: &systems, repeat: args.repeat, options, is_quiet };
    let ended = rounds.run(&mut document, signals.next()).await;
    // The results up to an error or a signal are reported, too.
    if !document.runs.is_empty() {
        if ended.is_err() {
            note("The run ended early. The results so far:");
        }
        writer.write(&mut document, |document| terminal::run(document, terminal::width(), !is_quiet))?;
    }
    ended?;
    let exit = if args.check { conformity(&document) } else { reliability(&document) };
    Ok(writer.exit(&document, exit))
}

/// The targets that `--on` names. `systems.toml` is read only if a name is neither built in nor a URL.
fn targets(args: &SystemArgs) -> Result<Vec<Target>, Failure> {
    let described = match &args.definitions {
        Some(file) => definitions(file).or_exit(Exit::Usage)?,
        None if args.on.iter().all(|name| Target::parse(name, &[]).is_ok()) => Vec::new(),
        None if Path::new(SYSTEMS_FILE).exists() => {
            definitions(SYSTEMS_FILE.as_ref()).or_exit(Exit::Usage)?
        }
        None => Vec::new(),
    };
    let parse =
        |name: &String| Target::parse(name, &described).map_err(|error| Failure::new(Exit::Usage, error));
    let targets = match &args.on[..] {
        [] => vec![Target::default()],
        names => names.iter().map(parse).collect::<Result<_, _>>()?,
    };
    for (flag, is_given) in [(WORKERS, args.workers != 1), (THREADS, args.threads.is_some())] {
        if is_given && !targets.iter().any(|target| target.takes(flag)) {
            return Err(Failure::new(Exit::Usage, format!("{flag} needs --on {}", taking(flag))));
        }
    }
    Ok(targets)
}

/// The built-in targets that take `flag`.
fn taking(flag: &str) -> String {
    let taking = BUILT_IN.iter().filter(|target| target.flags.contains(&flag));
    taking.map(|target| target.name).collect::<Vec<_>>().join(" or ")
}

/// The exit code of `--check`. A burst without an expectation may be inconclusive.
fn conformity(document: &Document) -> Exit {
    let failed = || document.bursts().filter(|burst| burst.as_expected == Some(false));
    match (failed().count(), failed().all(|burst| burst.verdict.kind == Kind::Inconclusive)) {
        (0, _) if document.generator.saturated => Exit::Untrusted,
        (0, _) => Exit::Success,
        (_, true) => Exit::Untrusted,
        (_, false) => Exit::Unexpected,
    }
}

/// Each target with each of its applications.
async fn systems(
    targets: &[Target],
    manifests: &[PathBuf],
    check: bool,
    app: &AppArgs,
    policy: &Policy,
) -> Result<Vec<SystemUnderTest>, Failure> {
    let mut systems = Vec::new();
    for target in targets {
        let manifests = match target.content() {
            Content::Applications => manifests_or_default(manifests),
            Content::Deployed => deployed(target.name(), manifests, check)?.to_vec(),
            Content::OwnEndpoints => Vec::new(),
        };
        for manifest in &manifests {
            let app = build::up_to_date(manifest, app).await?;
            systems.push(SystemUnderTest::new(target.clone(), Some(app), policy)?);
        }
        if manifests.is_empty() {
            systems.push(SystemUnderTest::new(target.clone(), None, policy)?);
        }
    }
    Ok(systems)
}

/// The manifest of the application that runs at `url`, if given.
fn deployed<'a>(url: &str, manifests: &'a [PathBuf], check: bool) -> Result<&'a [PathBuf], Failure> {
    let message = match manifests {
        [] if check => format!("--check needs --manifest: the manifest of the application at {url}"),
        [] | [_] => return Ok(manifests),
        _ => format!("{url} runs one application; give one --manifest"),
    };
    Err(Failure::new(Exit::Usage, message))
}
