//! Runs the build commands of a manifest.

mod step;
mod wasm_target;

use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use tokio::process::Command;

pub use step::{Error, Step};
pub use wasm_target::install_missing_target;

use super::application::{App, BuildConfig, Component};
use crate::process::run_to_end;

/// Variables that a caller sets for its own cargo build. They would move the guests' build output, or compile the
/// guests with flags for this machine.
const CARGO_VARIABLES: [&str; 5] = [
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
];

/// Returns every build command of the application, once.
pub fn all(app: &App) -> Vec<Step> {
    steps(app, |_| true)
}

/// Returns the build commands of the components that are missing or older than their sources.
pub fn due(app: &App) -> Vec<Step> {
    steps(app, |component| !is_up_to_date(component))
}

fn steps(app: &App, is_wanted: impl Fn(&Component) -> bool) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (id, component) in app.components.iter().filter(|(_, component)| is_wanted(component)) {
        let Some(BuildConfig { commands, workdir, .. }) = &component.build else { continue };
        // Components of one workspace share their commands: one run makes them all.
        match steps.iter_mut().find(|step| step.commands == *commands && step.workdir == *workdir) {
            Some(step) => step.components.push(id.clone()),
            None => steps.push(Step {
                commands: commands.clone(),
                workdir: workdir.clone(),
                components: vec![id.clone()],
            }),
        }
    }
    steps
}

/// Runs `steps` in order. The commands' output goes to standard error. If the future is dropped, the running command is
/// ended.
///
/// # Errors
///
/// If a command fails, or a component's file is missing at the end.
pub async fn run(app: &App, steps: &[Step]) -> Result<(), Error> {
    let components = || {
        let ids = steps.iter().flat_map(|step| &step.components);
        ids.filter_map(|id| app.components.get_key_value(id))
    };
    let newest = || components().filter_map(|(_, component)| newest_source(component.build.as_ref()?)).max();
    let mut started = SystemTime::now();
    let before = newest();
    run_all(steps).await?;
    // The compiler may have read a source before it was edited, and the output is newer than the edit.
    if newest() != before {
        started = SystemTime::now();
        run_all(steps).await?;
    }
    for (id, component) in components() {
        if !component.source.exists() {
            return Err(Error::NoOutput { component: id.clone(), source: component.source.clone() });
        }
        mark_as_built(&component.source, started);
    }
    Ok(())
}

async fn run_all(steps: &[Step]) -> Result<(), Error> {
    for step in steps {
        for command in &step.commands {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(command).current_dir(&step.workdir);
            shell.stdin(Stdio::null()).stdout(io::stderr());
            for name in CARGO_VARIABLES {
                shell.env_remove(name);
            }
            match run_to_end(&mut shell).await {
                Ok(status) if status.success() => {}
                Ok(status) => return Err(Error::Failed(step.clone(), status)),
                Err(error) => return Err(Error::Start(step.clone(), error)),
            }
        }
    }
    Ok(())
}

/// Sets the file's time to the start of the build if it is older. A build tool doesn't write the file if a change of a
/// source makes no difference, and the file would stay older than the source.
fn mark_as_built(file: &Path, at: SystemTime) {
    if modified(file).is_some_and(|built| built < at)
        && let Ok(file) = fs::File::options().append(true).open(file)
    {
        let _ = file.set_modified(at); // the consequence is one more build
    }
}

/// A component without watched files is never up to date: only its build command knows.
fn is_up_to_date(component: &Component) -> bool {
    match (&component.build, modified(&component.source)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(build), Some(built)) => newest_source(build).is_some_and(|changed| changed <= built),
    }
}

fn newest_source(build: &BuildConfig) -> Option<SystemTime> {
    let patterns = build.watch.iter().map(|pattern| build.workdir.join(pattern));
    patterns
        .filter_map(|pattern| glob::glob(pattern.to_str()?).ok())
        .flatten()
        .filter_map(|file| modified(&file.ok()?))
        .max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(path).ok()?;
    if metadata.is_dir() { None } else { metadata.modified().ok() }
}
