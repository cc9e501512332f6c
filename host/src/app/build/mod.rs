//! Runs the manifest's build commands: those whose component is missing or older than its sources.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::SystemTime;

use tokio::process::Command;

use crate::App;
use crate::manifest::{Build, Component};
use crate::process::run_to_end;

/// Set by a caller for its own build, these would send the guests' output elsewhere, or compile
/// them with flags that are meant for this machine.
const CALLERS_OWN: [&str; 5] = [
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
];

/// Commands of the manifest, and the components that they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Shell commands, run one after the other.
    pub commands: Vec<String>,
    /// The folder they run in.
    pub workdir: PathBuf,
    /// The ids of the components that name them.
    pub components: Vec<String>,
}

/// Why a component could not be built.
#[derive(Debug)]
pub enum Error {
    /// The command said why itself, on standard error.
    Failed(Step, ExitStatus),
    /// The command could not be run.
    Run(Step, io::Error),
    /// The command succeeded, and the component's file isn't there.
    Nothing {
        /// The component's id.
        component: String,
        /// The file that is missing.
        source: PathBuf,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(step, status) => {
                write!(f, "building {} failed ({status}): {step}", step.components.join(", "))
            }
            Self::Run(step, error) => {
                write!(f, "building {} can't start: {error}: {step}", step.components.join(", "))
            }
            Self::Nothing { component, source } => write!(
                f,
                "component {component:?}: {} is not there; its `source` must be what its build command makes",
                source.display()
            ),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.commands.join("`, `"), self.workdir.display())
    }
}

/// Every build command of the application, once.
pub fn all(app: &App) -> Vec<Step> {
    steps(app, |_| true)
}

/// The build commands of the components that are missing or older than what they are made from.
pub fn due(app: &App) -> Vec<Step> {
    steps(app, |component| !is_fresh(component))
}

fn steps(app: &App, wanted: impl Fn(&Component) -> bool) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (id, component) in app.components.iter().filter(|(_, component)| wanted(component)) {
        let Some(Build { command, workdir, .. }) = &component.build else { continue };
        // Components of one workspace share their commands, which make them all.
        match steps.iter_mut().find(|step| step.commands == *command && step.workdir == *workdir) {
            Some(step) => step.components.push(id.clone()),
            None => steps.push(Step {
                commands: command.clone(),
                workdir: workdir.clone(),
                components: vec![id.clone()],
            }),
        }
    }
    steps
}

/// Runs `steps` one after the other. A command's own output goes to standard error. Where the
/// future is dropped, the command that runs is ended.
///
/// # Errors
///
/// At the first command that fails, or where a component's file is missing at the end.
pub async fn run(app: &App, steps: &[Step]) -> Result<(), Error> {
    let built = || {
        let ids = steps.iter().flat_map(|step| &step.components);
        ids.filter_map(|id| app.components.get_key_value(id))
    };
    let sources = || built().filter_map(|(_, component)| newest_source(component.build.as_ref()?)).max();
    let mut began = SystemTime::now();
    let before = sources();
    run_all(steps).await?;
    // A source that was edited meanwhile may have been read before, and is older than the output.
    if sources() != before {
        began = SystemTime::now();
        run_all(steps).await?;
    }
    for (id, component) in built() {
        if !component.source.exists() {
            return Err(Error::Nothing { component: id.clone(), source: component.source.clone() });
        }
        mark_as_made(&component.source, began);
    }
    Ok(())
}

async fn run_all(steps: &[Step]) -> Result<(), Error> {
    for step in steps {
        for command in &step.commands {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(command).current_dir(&step.workdir);
            shell.stdin(Stdio::null()).stdout(io::stderr());
            for name in CALLERS_OWN {
                shell.env_remove(name);
            }
            match run_to_end(&mut shell).await {
                Ok(status) if status.success() => {}
                Ok(status) => return Err(Error::Failed(step.clone(), status)),
                Err(error) => return Err(Error::Run(step.clone(), error)),
            }
        }
    }
    Ok(())
}

/// A build tool leaves a file alone when what changed doesn't matter to it. It is up to date all
/// the same, and must not seem older than its sources for ever.
fn mark_as_made(file: &Path, at: SystemTime) {
    if modified(file).is_some_and(|made| made < at)
        && let Ok(file) = fs::File::options().append(true).open(file)
    {
        let _ = file.set_modified(at); // at worst it is built once more
    }
}

/// A component with nothing to watch is never fresh: its build command knows.
fn is_fresh(component: &Component) -> bool {
    match (&component.build, modified(&component.source)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(build), Some(made)) => newest_source(build).is_some_and(|changed| changed <= made),
    }
}

fn newest_source(build: &Build) -> Option<SystemTime> {
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
