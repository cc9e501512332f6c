//! Installs the guests' compilation target if a build needs it and it is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::step::{Error, Step};
use crate::process::run_to_end;

/// Embedded, so that the program can serve an application that has no copy of the script.
const SCRIPT: &str = include_str!("../../../../scripts/wasm-target.sh");
const TARGET: &str = "wasm32-wasip2";

/// Installs `wasm32-wasip2` for those of `steps` that call cargo and lack it.
///
/// # Errors
///
/// If the target can't be installed.
pub async fn install_missing_target(steps: &[Step]) -> Result<(), Error> {
    for step in steps.iter().filter(|step| step.commands.iter().any(|command| command.contains("cargo"))) {
        if !is_installed(&step.workdir) {
            install(&step.workdir).await?;
        }
    }
    Ok(())
}

/// Runs in `folder`, because a rust-toolchain.toml there selects the toolchain.
fn is_installed(folder: &Path) -> bool {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output();
    let Ok(printed) = printed else { return true }; // Without rustc, the build itself reports the error.
    let libraries = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim());
    let files = libraries.read_dir().into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

async fn install(folder: &Path) -> Result<(), Error> {
    let mut shell = tokio::process::Command::new("bash");
    shell.args(["-c", SCRIPT]).current_dir(folder).stdin(Stdio::null()).stdout(std::io::stderr());
    let status = run_to_end(&mut shell)
        .await
        .map_err(|error| Error::Target(format!("bash, which installs {TARGET}, can't start: {error}")))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::Target(format!("{TARGET} could not be installed; the reason is above"))),
    }
}
