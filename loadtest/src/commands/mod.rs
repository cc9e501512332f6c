//! The commands.

mod aim;
mod build;
mod burst;
mod run;
mod serve;
mod signals;
mod wasm_target;

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use anyhow::Context;
use tokio::runtime::Runtime;

use crate::cli::{BurstArgs, Cli, Command};
use crate::exit::{Exit, Failure, OrExit};
use crate::report::{json, note};
use crate::result::Document;
use crate::verdict::Kind;
use signals::{Ended, Signals};

/// Runs the command, and says how it ended.
///
/// # Errors
///
/// What went wrong, with the code to exit with.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    let runtime = runtime(&cli).or_exit(Exit::System)?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::catch()?;
        match cli.command.unwrap_or(Command::Run(cli.run)) {
            Command::Run(args) => run::run(args, &mut signals).await,
            Command::Burst(args) => burst::burst(args, &mut signals).await,
            Command::Serve(args) => serve::serve(args, signals).await,
            Command::Build(args) => signals.or_end(build::build(&args)).await,
        }
    });
    // A guest that never yields must not keep the process from ending.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => Ok(exit),
        Err(Ended::Interrupted) => Ok(Exit::Interrupted),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

fn runtime(cli: &Cli) -> io::Result<Runtime> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(Command::Burst(BurstArgs { cpus: Some(cpus), .. })) = &cli.command {
        runtime.worker_threads(*cpus);
    }
    runtime.enable_all().build()
}

/// Where results go: checked before the measurement, written after it.
struct Out(Option<PathBuf>);

impl Out {
    fn prepare(folder: Option<PathBuf>) -> Result<Self, Failure> {
        if let Some(folder) = &folder {
            json::prepare(folder)
                .with_context(|| format!("--out {}", folder.display()))
                .or_exit(Exit::Usage)?;
        }
        Ok(Self(folder))
    }

    fn write(&self, document: &Document) -> Result<(), Failure> {
        if let Some(folder) = &self.0 {
            let path = json::write(document, folder)
                .with_context(|| format!("--out {}", folder.display()))
                .or_exit(Exit::Usage)?;
            note(&format!("Wrote {}", path.display()));
        }
        Ok(())
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
