//! Installs the wasm target where a build needs it and it isn't there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use host::build::Step;

use crate::exit::{Exit, Failure, OrExit};

/// The script is part of the program, so that it serves applications anywhere.
const SCRIPT: &str = include_str!("../../../scripts/wasm-target.sh");
const TARGET: &str = "wasm32-wasip2";

/// Installs the target for those of `steps` that call cargo and lack it.
pub fn ensure(steps: &[Step]) -> Result<(), Failure> {
    for step in steps.iter().filter(|step| step.command.contains("cargo")) {
        if !is_installed(&step.workdir) {
            install(&step.workdir)?;
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

fn install(folder: &Path) -> Result<(), Failure> {
    let mut shell = Command::new("bash")
        .arg("-s")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(std::io::stderr())
        .spawn()
        .map_err(|error| {
            Failure::new(Exit::System, format!("bash, which installs {TARGET}, can't start: {error}"))
        })?;
    if let Some(mut script) = shell.stdin.take() {
        script.write_all(SCRIPT.as_bytes()).or_exit(Exit::System)?;
    }
    let status = shell.wait().or_exit(Exit::System)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::System, format!("{TARGET} could not be installed; the reason stands above")))
}
