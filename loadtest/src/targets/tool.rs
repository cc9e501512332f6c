//! Programs of others: where they are, what they say of themselves, and how to get them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use semver::Version;
use tokio::process::Command;
use tokio::time::timeout;

use crate::exit::{Exit, Failure, OrExit};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program of others.
pub struct Tool {
    pub name: &'static str,
    /// The environment variable that says where it is.
    pub variable: &'static str,
    /// Where `scripts/peers.sh` puts it, in the project's folder.
    pub own: Option<&'static str>,
    /// What to do where it is missing.
    pub install: &'static str,
}

impl Tool {
    /// Where the variable says that it is, or in the project's folder, or on the PATH.
    pub fn find(&self) -> Result<PathBuf, Failure> {
        if let Some(given) = env::var_os(self.variable) {
            let path = PathBuf::from(given);
            let found = if path.components().count() > 1 { absolute(&path) } else { on_path(&path) };
            return found.ok_or_else(|| {
                let said = format!("{} names {}, which is not there", self.variable, path.display());
                Failure::new(Exit::System, said)
            });
        }
        let own = self.own.and_then(|own| absolute(&project()?.join(own)));
        own.or_else(|| on_path(Path::new(self.name))).ok_or_else(|| {
            let said = format!("{} is not installed: {}", self.name, self.install);
            Failure::new(Exit::System, format!("{said}, or let {} say where it is", self.variable))
        })
    }

    /// What the program at `path` says to `args`.
    pub async fn ask(&self, path: &Path, args: &[&str]) -> Result<String, Failure> {
        let what = || format!("{} {}", path.display(), args.join(" "));
        let mut command = Command::new(path);
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        let output = match timeout(PATIENCE, command.output()).await {
            Ok(output) => output.map_err(|error| format!("{} can't be run: {error}", what())),
            Err(_) => Err(format!("{} says nothing", what())),
        };
        let output = output.map_err(|said| Failure::new(Exit::System, said))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The version of the program at `path`, by its `NAME VERSION ...`.
    pub async fn version(&self, path: &Path) -> Result<Version, Failure> {
        let said = self.ask(path, &["--version"]).await?;
        let version = said.split_whitespace().nth(1).and_then(|word| Version::parse(word).ok());
        version.ok_or_else(|| {
            let line = said.lines().next().unwrap_or_default();
            Failure::new(Exit::System, format!("{} --version says no version: {line:?}", path.display()))
        })
    }
}

/// Another working folder must not make it another file.
fn absolute(path: &Path) -> Option<PathBuf> {
    path.is_file().then(|| std::path::absolute(path).ok())?
}

fn on_path(name: &Path) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find_map(|folder| absolute(&folder.join(name)))
}

/// The project's folder: this one, or one above, or one above this program.
pub fn project() -> Option<PathBuf> {
    let here = env::current_dir().ok();
    let program = env::current_exe().ok();
    let above = |path: &PathBuf| {
        path.ancestors().find(|folder| folder.join("scripts/peers.sh").is_file()).map(Path::to_owned)
    };
    here.as_ref().and_then(above).or_else(|| program.as_ref().and_then(above))
}

/// A file or folder of the project's.
pub fn of_the_project(path: &str) -> Result<PathBuf, Failure> {
    let found = project().map(|project| project.join(path)).filter(|path| path.exists());
    found
        .ok_or_else(|| anyhow::anyhow!("{path} is not here: run this in the project's folder"))
        .or_exit(Exit::System)
}

/// The major and the minor version, by which what a program can do is known: a pre-release can it too.
pub fn at_least(version: &Version, major: u64, minor: u64) -> bool {
    (version.major, version.minor) >= (major, minor)
}
