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
mod inputs;
mod lab;
mod manifests;
mod merge;
mod plan;
mod request;
mod result_writer;
mod run;
mod serve;
mod shell;
mod signals;
mod stdout;

use signals::Signals;

use crate::cli::flags::{
    AnalyzeArgs, AuditArgs, BurstArgs, CapacityArgs, Cli, Command, DiagnoseArgs, MergeArgs, RunArgs,
};
use crate::exit::{Aborted, Exit, Failure, OrExit};

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
        Command::Lab(args) => in_runtime(None, async |mut signals| signals.or_abort(lab::lab(&args)).await),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
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
