//! Installs the wasm target where a build needs it and it isn't there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use host::build::Step;
use host::process::run_to_end;

use crate::exit::{Exit, Failure};

/// The script is part of the program, so that it serves applications anywhere.
const SCRIPT: &str = include_str!("../../../../scripts/wasm-target.sh");
const TARGET: &str = "wasm32-wasip2";

/// Installs the target for those of `steps` that call cargo and lack it.
pub async fn ensure(steps: &[Step]) -> Result<(), Failure> {
    for step in steps.iter().filter(|step| step.commands.iter().any(|command| command.contains("cargo"))) {
        if !is_installed(&step.workdir) {
            install(&step.workdir).await?;
        }
    }
    Ok(())
}

/// The folder matters: a rust-toolchain.toml there chooses the toolchain.
fn is_installed(folder: &Path) -> bool {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output();
    let Ok(printed) = printed else { return true }; // no rustc: the build says so itself
    let libraries = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim());
    let files = libraries.read_dir().into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

async fn install(folder: &Path) -> Result<(), Failure> {
    let mut shell = tokio::process::Command::new("bash");
    shell.args(["-c", SCRIPT]).current_dir(folder).stdin(Stdio::null()).stdout(std::io::stderr());
    let status = run_to_end(&mut shell).await.map_err(|error| {
        Failure::new(Exit::System, format!("bash, which installs {TARGET}, can't start: {error}"))
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::System, format!("{TARGET} could not be installed; the reason stands above")))
}
