//! `loadtest run`.

use std::path::{Path, PathBuf};

use host::isolation::Policy;
use judge::verdict::Kind;
use results::document::{Burst, Document, NoAnswer};

use super::build;
use super::inputs::built_in_setups;
use super::manifests::Manifests;
use super::result_writer::{ResultWriter, reliability};
use super::signals::Signals;
use crate::cli::flags::{AppArgs, RunArgs, SystemArgs};
use crate::console::note;
use crate::exit::{Aborted, Exit, Failure, OrExit};
use crate::machine::descriptors;
use crate::plan::{self, Setup};
use crate::report::terminal;
use crate::runner::document;
use crate::runner::run::{Rounds, Runner, SystemUnderTest};
use crate::targets::{
    BUILT_IN, Content, Definition, StartOptions, THREADS, Target, WORKERS, definitions, names,
};

/// The default of `--systems`.
const SYSTEMS_FILE: &str = "systems.toml";

pub async fn run(args: RunArgs, signals: &mut Signals) -> Result<Exit, Aborted> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let described = described(&args.systems, args.plan.is_some())?;
    let setups = match &args.plan {
        Some(file) => plan::read(file, &known_names(&described)).or_exit(Exit::Usage)?,
        None => built_in_setups()?,
    };
    let setups = plan::select(setups, &args.setups).map_err(usage)?;
    if args.plan.is_some() {
        let connections =
            |setup: &Setup| setup.bursts.iter().map(|burst| burst.schedule(1.0).connections()).sum();
        descriptors::check(setups.iter().map(connections).max().unwrap_or(0)).map_err(usage)?;
    }
    let runner = Runner { setups, time_scale: args.time_scale, policy: args.isolation.into() };
    let writer = ResultWriter::new(args.report, Some(&runner.endpoints()))?;
    let targets = targets(&args.systems, &described, runner.only_origin())?;
    let manifests = Manifests::find(&args.manifests, args.plan.is_none())?;
    let systems = systems(&targets, &manifests, args.check, &args.app, &runner.policy);
    let systems = signals.or_abort(systems).await?;

    let app_flags = args.app.flags();
    let options = StartOptions {
        app_flags: &app_flags,
        policy: &runner.policy,
        leave_out: false,
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

/// The systems that `systems.toml` describes. It is read only if a name is neither built in nor a URL, or if `is_needed`.
fn described(args: &SystemArgs, is_needed: bool) -> Result<Vec<Definition>, Failure> {
    match &args.definitions {
        Some(file) => definitions(file).or_exit(Exit::Usage),
        None if !is_needed && args.on.iter().all(|name| Target::parse(name, &[]).is_ok()) => Ok(Vec::new()),
        None if Path::new(SYSTEMS_FILE).exists() => definitions(SYSTEMS_FILE.as_ref()).or_exit(Exit::Usage),
        None => Ok(Vec::new()),
    }
}

/// The names for which a plan may have expectations.
fn known_names(described: &[Definition]) -> Vec<&str> {
    names().into_iter().chain(described.iter().map(|definition| definition.name.as_str())).collect()
}

/// The targets that `--on` names; without it, the server of the plan if all its bursts have a URL, or else the default.
fn targets(
    args: &SystemArgs,
    described: &[Definition],
    origin: Option<String>,
) -> Result<Vec<Target>, Failure> {
    let parse =
        |name: &String| Target::parse(name, described).map_err(|error| Failure::new(Exit::Usage, error));
    let targets = match &args.on[..] {
        [] => vec![origin.as_ref().map_or_else(|| Ok(Target::default()), parse)?],
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
    let is_open = |burst: &Burst| {
        burst.verdict.kind == Kind::Inconclusive && burst.no_answer() != Some(NoAnswer::NotGood)
    };
    match (failed().count(), failed().all(is_open)) {
        (0, _) if document.generator.saturated => Exit::Untrusted,
        (0, _) => Exit::Success,
        (_, true) => Exit::Untrusted,
        (_, false) => Exit::Unexpected,
    }
}

/// Each target with each of its applications.
async fn systems(
    targets: &[Target],
    manifests: &Manifests,
    check: bool,
    app: &AppArgs,
    policy: &Policy,
) -> Result<Vec<SystemUnderTest>, Failure> {
    let mut systems = Vec::new();
    for target in targets {
        let names = match target.content() {
            Content::Applications => &manifests.names[..],
            Content::Deployed => deployed(target.name(), &manifests.given, check)?,
            Content::OwnEndpoints => &[],
        };
        for name in names {
            let app = build::up_to_date(&manifests.path(name), app).await?;
            systems.push(SystemUnderTest::new(target.clone(), Some(app), policy)?.named(name));
        }
        if names.is_empty() {
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
