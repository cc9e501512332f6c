//! Installs the wasm target if a build needs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use host::build::Step;
use host::process::run_to_end;

use crate::exit::{Exit, Failure};

/// The script is a part of the program, because applications outside the project need it, too.
const SCRIPT: &str = include_str!("../../../../scripts/wasm-target.sh");
const TARGET: &str = "wasm32-wasip2";

/// Installs the target for the `steps` that call cargo, if it is missing.
pub async fn ensure(steps: &[Step]) -> Result<(), Failure> {
    for step in steps.iter().filter(|step| step.commands.iter().any(|command| command.contains("cargo"))) {
        if !is_installed(&step.workdir) {
            install(&step.workdir).await?;
        }
    }
    Ok(())
}

/// Whether the toolchain of `folder` has the target. A rust-toolchain.toml there may select the toolchain.
fn is_installed(folder: &Path) -> bool {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output();
    let Ok(printed) = printed else { return true }; // no rustc: the build reports it
    let libraries = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim());
    let files = libraries.read_dir().into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

async fn install(folder: &Path) -> Result<(), Failure> {
    let mut shell = tokio::process::Command::new("bash");
    shell.args(["-c", SCRIPT]).current_dir(folder).stdin(Stdio::null()).stdout(std::io::stderr());
    let status = run_to_end(&mut shell).await.map_err(|error| {
        Failure::new(Exit::System, format!("cannot start bash to install {TARGET}: {error}"))
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::System, format!("{TARGET} could not be installed; see the messages above")))
}
