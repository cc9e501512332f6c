//! The commands.

mod analyze;
mod audit;
mod build;
mod burst;
mod capacity;
mod compare;
mod diagnose;
mod export;
mod guard;
mod merge;
mod plan;
mod request;
mod result_writer;
mod run;
mod serve;
mod signals;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use judge::verdict::Kind;
use results::document::Document;

use signals::Signals;

use crate::cli::flags::{
    AnalyzeArgs, AuditArgs, BurstArgs, CapacityArgs, Cli, Command, DiagnoseArgs, MergeArgs, RunArgs,
};
use crate::exit::{Aborted, Exit, Failure, OrExit};
use crate::plan::Setup;
use crate::targets;

/// Runs the command, and returns its exit code.
///
/// # Errors
///
/// The command's error, with its exit code.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    let command = cli.command.unwrap_or(Command::Run(cli.run));
    match &command {
        Command::Run(RunArgs { output, .. })
        | Command::Burst(BurstArgs { output, .. })
        | Command::Capacity(CapacityArgs { output, .. })
        | Command::Diagnose(DiagnoseArgs { output, .. })
        | Command::Audit(AuditArgs { output, .. })
        | Command::Analyze(AnalyzeArgs { output, .. })
        | Command::Merge(MergeArgs { output, .. }) => output.apply(),
        _ => {}
    }
    match command {
        Command::Run(args) => in_runtime(None, async |mut signals| run::run(args, &mut signals).await),
        Command::Burst(args) => {
            in_runtime(args.cpus, async |mut signals| burst::burst(args, &mut signals).await)
        }
        Command::Capacity(args) => {
            in_runtime(None, async |mut signals| capacity::capacity(args, &mut signals).await)
        }
        Command::Diagnose(args) => {
            in_runtime(None, async |mut signals| diagnose::diagnose(args, &mut signals).await)
        }
        Command::Audit(args) => in_runtime(None, async |mut signals| audit::audit(args, &mut signals).await),
        Command::Serve(args) => in_runtime(None, async |signals| serve::serve(args, signals).await),
        Command::Build(args) => {
            in_runtime(None, async |mut signals| signals.or_abort(build::build(&args)).await)
        }
        Command::Analyze(args) => analyze::analyze(args),
        Command::Plan(args) => plan::plan(&args),
        Command::Export(args) => export::export(&args),
        Command::Merge(args) => merge::merge(args),
        Command::Compare(args) => compare::compare(&args),
        Command::Guard(args) => match guard::guard(&args)? {},
    }
}

/// Runs `command` in a runtime with this number of threads; the default is one for each processor.
fn in_runtime(
    threads: Option<usize>,
    command: impl AsyncFnOnce(Signals) -> Result<Exit, Aborted>,
) -> Result<Exit, Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        runtime.worker_threads(threads);
    }
    let runtime = runtime.enable_all().build().or_exit(Exit::System)?;
    let ended = runtime.block_on(async { command(Signals::catch()?).await });
    // A guest that never yields must not keep the process from ending.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => Ok(exit),
        Err(Aborted::Interrupted) => Ok(Exit::Interrupted),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}

/// Prints the results on standard output. It is no error if the reader closes it.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Usage, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// The built-in setups.
fn built_in_setups() -> Result<Vec<Setup>, Failure> {
    crate::plan::built_in(&targets::names()).or_exit(Exit::Usage)
}

/// Success, unless a burst is inconclusive or the load generator was saturated.
fn reliability(document: &Document) -> Exit {
    let inconclusive = document.bursts().any(|burst| burst.verdict.kind == Kind::Inconclusive);
    if inconclusive || document.generator.saturated { Exit::Untrusted } else { Exit::Success }
}

/// The given manifests, or else the project's manifests that exist.
fn manifests_or_default(given: &[PathBuf]) -> Vec<PathBuf> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let defaults = ["spin.toml", "spin-wasip3.toml"].map(PathBuf::from);
    let existing: Vec<PathBuf> = defaults.iter().filter(|path| path.exists()).cloned().collect();
    // If none exists, the error names the first.
    if existing.is_empty() { defaults[..1].to_vec() } else { existing }
}
