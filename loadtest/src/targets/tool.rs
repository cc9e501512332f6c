//! External programs: their path, version and installation.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use semver::Version;
use tokio::process::Command;
use tokio::time::timeout;

use crate::exit::{Exit, Failure, OrExit};

/// The time limit for `--version` or `--help`.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(20);

/// An external program.
pub struct Tool {
    pub name: &'static str,
    /// The environment variables for its path; the first one that is set counts, and is the one that messages name if none is.
    pub variables: &'static [&'static str],
    /// Its path in the project's folder, if `scripts/peers.sh` installs it.
    pub project_path: Option<&'static str>,
    /// How to install it.
    pub install: &'static str,
}

impl Tool {
    /// Its path: from the environment variable, in the project's folder, or on the PATH.
    pub fn find(&self) -> Result<PathBuf, Failure> {
        let given = |name: &&'static str| Some((*name, env::var_os(name)?));
        if let Some((variable, given)) = self.variables.iter().find_map(given) {
            let path = PathBuf::from(given);
            let found = if path.components().count() > 1 { absolute(&path) } else { on_path(&path) };
            return found.ok_or_else(|| {
                let message = format!("{variable}: no such file: {}", path.display());
                Failure::new(Exit::System, message)
            });
        }
        let in_project = self.project_path.and_then(|path| absolute(&project()?.join(path)));
        in_project.or_else(|| on_path(Path::new(self.name))).ok_or_else(|| {
            let message = format!("{} is not installed: {}", self.name, self.install);
            Failure::new(Exit::System, format!("{message}, or set {} to its path", self.variables[0]))
        })
    }

    /// The standard output of the program at `path` with `args`.
    pub async fn output(&self, path: &Path, args: &[&str]) -> Result<String, Failure> {
        let command_line = || format!("{} {}", path.display(), args.join(" "));
        let mut command = Command::new(path);
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        let output = match timeout(OUTPUT_TIMEOUT, command.output()).await {
            Ok(output) => output.map_err(|error| format!("cannot run {}: {error}", command_line())),
            Err(_) => Err(format!("{} did not end within {} s", command_line(), OUTPUT_TIMEOUT.as_secs())),
        };
        let output = output.map_err(|message| Failure::new(Exit::System, message))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The version of the program at `path`, from its output `NAME VERSION ...`.
    pub async fn version(&self, path: &Path) -> Result<Version, Failure> {
        let output = self.output(path, &["--version"]).await?;
        let version = output.split_whitespace().nth(1).and_then(|word| Version::parse(word).ok());
        version.ok_or_else(|| {
            let line = output.lines().next().unwrap_or_default();
            Failure::new(
                Exit::System,
                format!("no version in the output of {} --version: {line:?}", path.display()),
            )
        })
    }
}

/// The absolute path of a file: the program may run in another working folder.
fn absolute(path: &Path) -> Option<PathBuf> {
    path.is_file().then(|| std::path::absolute(path).ok())?
}

fn on_path(name: &Path) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find_map(|folder| absolute(&folder.join(name)))
}

/// The project's folder: the working folder, a parent of it, or a parent of this program's folder.
pub fn project() -> Option<PathBuf> {
    let current = env::current_dir().ok();
    let program = env::current_exe().ok();
    let search = |path: &PathBuf| {
        path.ancestors().find(|folder| folder.join("scripts/peers.sh").is_file()).map(Path::to_owned)
    };
    current.as_ref().and_then(search).or_else(|| program.as_ref().and_then(search))
}

/// The path of a file or folder of the project.
pub fn project_file(path: &str) -> Result<PathBuf, Failure> {
    let found = project().map(|project| project.join(path)).filter(|path| path.exists());
    found
        .ok_or_else(|| anyhow::anyhow!("{path} not found; run this in the project's folder"))
        .or_exit(Exit::System)
}

/// Compares the major and the minor version only: a pre-release has the features, too.
pub fn at_least(version: &Version, major: u64, minor: u64) -> bool {
    (version.major, version.minor) >= (major, minor)
}
