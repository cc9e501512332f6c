//! The commands.

mod aim;
mod analyze;
mod build;
mod burst;
mod capacity;
mod compare;
mod export;
mod guard;
mod merge;
mod outcome;
mod run;
mod serve;
mod signals;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use judge::verdict::Kind;
use results::document::Document;

use crate::cli::flags::{AnalyzeArgs, BurstArgs, CapacityArgs, MergeArgs, RunArgs};
use crate::cli::{Cli, Command};
use crate::exit::{Exit, Failure, OrExit};
use signals::{Ended, Signals};

/// Runs the command, and says how it ended.
///
/// # Errors
///
/// What went wrong, with the code to exit with.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    let command = cli.command.unwrap_or(Command::Run(cli.run));
    match &command {
        Command::Run(RunArgs { looks, .. })
        | Command::Burst(BurstArgs { looks, .. })
        | Command::Capacity(CapacityArgs { looks, .. })
        | Command::Analyze(AnalyzeArgs { looks, .. })
        | Command::Merge(MergeArgs { looks, .. }) => looks.apply(),
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
        Command::Serve(args) => in_runtime(None, async |signals| serve::serve(args, signals).await),
        Command::Build(args) => {
            in_runtime(None, async |mut signals| signals.or_end(build::build(&args)).await)
        }
        Command::Analyze(args) => analyze::analyze(args),
        Command::Export(args) => export::export(&args),
        Command::Merge(args) => merge::merge(args),
        Command::Compare(args) => compare::compare(&args),
        Command::Guard(args) => match guard::guard(&args)? {},
    }
}

/// On so many threads; where it isn't said, on one for each processor.
fn in_runtime(
    threads: Option<usize>,
    command: impl AsyncFnOnce(Signals) -> Result<Exit, Ended>,
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
        Err(Ended::Interrupted) => Ok(Exit::Interrupted),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

/// Puts the results on standard output. A reader that has seen enough may close it.
fn tell(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Usage, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Success, unless some of the measurement carries no verdict.
fn trusted(document: &Document) -> Exit {
    let inconclusive = document.bursts().any(|burst| burst.verdict.kind == Kind::Inconclusive);
    if inconclusive || document.generator.saturated { Exit::Untrusted } else { Exit::Success }
}

/// Those that were given, or else the project's own two, as far as they are there.
fn manifests_or_default(given: &[PathBuf]) -> Vec<PathBuf> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let own = ["spin.toml", "spin-wasip3.toml"].map(PathBuf::from);
    let there: Vec<PathBuf> = own.iter().filter(|path| path.exists()).cloned().collect();
    // Where none is there, reading the first says so.
    if there.is_empty() { own[..1].to_vec() } else { there }
}
