//! The programs that take part, with their versions.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::console::note;
use crate::paths::project_root;
use crate::system::System;

/// An installed program.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    /// The first line of its version output.
    pub version: String,
}

/// All programs; `None` if one is not installed.
#[derive(Debug)]
pub struct Programs {
    /// The project's commit; `None` outside of a checkout.
    pub commit: Option<String>,
    pub loadtest: Program,
    pub native: Program,
    pub wasmtime: Option<Program>,
    pub spin: Option<Program>,
    pub wrk: Option<Program>,
    pub hey: Option<Program>,
    pub oha: Option<Program>,
}

impl Programs {
    pub async fn find() -> Result<Self> {
        let loadtest = match env::var_os("LOADTEST") {
            Some(path) => path.into(),
            None => build_loadtest().await?,
        };
        let loadtest = Program::probe(&loadtest).await.with_context(|| loadtest.display().to_string())?;
        let bench = env::current_exe().context("finding this program")?;
        let native = Program { path: bench, version: "hyper".to_owned() };
        let wasmtime = find_first(
            "WASMTIME",
            &[&project_root().join("target/peers/bin/wasmtime"), Path::new("wasmtime")],
        )
        .await;
        let spin = find_first("SPIN", &[Path::new("spin")]).await;
        let wrk = find_first("WRK", &[Path::new("wrk")]).await;
        let hey = find_first("HEY", &[Path::new("hey")]).await;
        let oha = find_first("OHA", &[&project_root().join("target/peers/bin/oha"), Path::new("oha")]).await;
        Ok(Self { commit: commit().await, loadtest, native, wasmtime, spin, wrk, hey, oha })
    }

    pub fn of(&self, system: System) -> Option<&Program> {
        match system {
            System::Embedded => Some(&self.loadtest),
            System::Wasmtime => self.wasmtime.as_ref(),
            System::Spin => self.spin.as_ref(),
            System::Native | System::Delay => Some(&self.native),
        }
    }

    /// The name and version of each host, and of its load generator.
    pub fn hosts(&self) -> [Named<'_>; 4] {
        [
            ("embedded host", &self.loadtest.version),
            named("`wasmtime serve`", &self.wasmtime),
            named("`spin up`", &self.spin),
            named("wrk", &self.wrk),
        ]
    }

    /// The name and version of each load generator.
    pub fn generators(&self) -> [Named<'_>; 4] {
        [
            ("loadtest", &self.loadtest.version),
            named("hey", &self.hey),
            named("oha", &self.oha),
            named("wrk", &self.wrk),
        ]
    }
}

/// A name and a version, for the document.
pub type Named<'a> = (&'static str, &'a str);

/// Reports a missing program on the terminal, too.
fn named<'a>(name: &'static str, program: &'a Option<Program>) -> Named<'a> {
    match program {
        Some(program) => (name, &program.version),
        None => {
            note(&format!("{name} is not installed: left out"));
            (name, "not installed: left out")
        }
    }
}

impl Program {
    /// Runs the program to learn its version. A program without one is an error, except for hey, which has none.
    async fn probe(path: &Path) -> Result<Self> {
        let output = Command::new(path)
            .arg("--version")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("can't be started")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if String::from_utf8_lossy(&output.stderr).contains("Usage: hey") {
            return Ok(Self { path: path.to_owned(), version: "no version reported".to_owned() });
        }
        let line = text.lines().next().context("reports no version")?;
        let version = line.split(" Copyright").next().unwrap_or(line).trim().to_owned();
        Ok(Self { path: path.to_owned(), version })
    }

    /// Builds the guests of applications, by `loadtest build`.
    pub async fn build_guests(&self, manifests: &[&str]) -> Result<()> {
        run_to_success(Command::new(&self.path).arg("build").args(manifests))
            .await
            .context("building the guests")
    }

    /// Its file name.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The program that a variable names, or the first candidate that runs.
async fn find_first(variable: &str, candidates: &[&Path]) -> Option<Program> {
    if let Some(path) = env::var_os(variable) {
        return Program::probe(Path::new(&path)).await.ok();
    }
    for path in candidates {
        if let Ok(program) = Program::probe(path).await {
            return Some(program);
        }
    }
    None
}

/// Builds the present source in the measured profile.
async fn build_loadtest() -> Result<PathBuf> {
    note("cargo build --profile dist -p loadtest");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run_to_success(Command::new(cargo).args(["build", "--profile", "dist", "--quiet", "-p", "loadtest"]))
        .await
        .context("building loadtest")?;
    let bench = env::current_exe().context("finding this program")?;
    // This program is in the folder of its profile, below the target folder.
    let target = bench.parent().and_then(Path::parent).context("finding the target folder")?;
    Ok(target.join("dist/loadtest"))
}

/// The commit, with a suffix if the checkout has changes.
async fn commit() -> Option<String> {
    let mut command = Command::new("git");
    command.args(["describe", "--always", "--dirty"]).current_dir(project_root()).stdin(Stdio::null());
    let output = command.kill_on_drop(true).output().await.ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

async fn run_to_success(command: &mut Command) -> Result<()> {
    let status = command.current_dir(project_root()).stdin(Stdio::null()).kill_on_drop(true).status().await?;
    ensure!(status.success(), "{status}");
    Ok(())
}
