//! The programs that take part: where they are, and their versions.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::lab::{root, say};
use crate::server::System;

/// A program that runs here.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    /// The first line of what it says of its version.
    pub version: String,
}

/// Those that aren't here are `None`.
#[derive(Debug)]
pub struct Programs {
    /// The project's commit, where it is a checkout.
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
            None => built().await?,
        };
        let loadtest = Program::at(&loadtest).await.with_context(|| loadtest.display().to_string())?;
        let own = env::current_exe().context("finding this program")?;
        let native = Program { path: own, version: "hyper".to_owned() };
        let wasmtime =
            first("WASMTIME", &[&root().join("target/peers/bin/wasmtime"), Path::new("wasmtime")]).await;
        let spin = first("SPIN", &[Path::new("spin")]).await;
        let wrk = first("WRK", &[Path::new("wrk")]).await;
        let hey = first("HEY", &[Path::new("hey")]).await;
        let oha = first("OHA", &[&root().join("target/peers/bin/oha"), Path::new("oha")]).await;
        Ok(Self { commit: commit().await, loadtest, native, wasmtime, spin, wrk, hey, oha })
    }

    pub fn of(&self, system: System) -> Option<&Program> {
        match system {
            System::Ours => Some(&self.loadtest),
            System::Wasmtime => self.wasmtime.as_ref(),
            System::Spin => self.spin.as_ref(),
            System::Native | System::Hold => Some(&self.native),
        }
    }

    /// Name and version of the hosts, and of what loads them.
    pub fn hosts(&self) -> [Named<'_>; 4] {
        [
            ("embedded host", &self.loadtest.version),
            named("`wasmtime serve`", &self.wasmtime),
            named("`spin up`", &self.spin),
            named("wrk", &self.wrk),
        ]
    }

    /// Name and version of the load generators that know bursts.
    pub fn generators(&self) -> [Named<'_>; 3] {
        [("loadtest", &self.loadtest.version), named("hey", &self.hey), named("oha", &self.oha)]
    }
}

/// A name and a version, for the reader.
pub type Named<'a> = (&'static str, &'a str);

/// What isn't there is said on the terminal as well.
fn named<'a>(name: &'static str, program: &'a Option<Program>) -> Named<'a> {
    match program {
        Some(program) => (name, &program.version),
        None => {
            say(&format!("{name} isn't there: left out"));
            (name, "not there: left out")
        }
    }
}

impl Program {
    /// A program that can't say its version isn't one to measure, but for hey, which has none to say.
    async fn at(path: &Path) -> Result<Self> {
        let said = Command::new(path)
            .arg("--version")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("can't be run")?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        if String::from_utf8_lossy(&said.stderr).contains("Usage: hey") {
            return Ok(Self { path: path.to_owned(), version: "it names no version".to_owned() });
        }
        let line = text.lines().next().context("says no version")?;
        let version = line.split(" Copyright").next().unwrap_or(line).trim().to_owned();
        Ok(Self { path: path.to_owned(), version })
    }

    /// Builds the guests of applications; only `loadtest` can.
    pub async fn build(&self, manifests: &[&str]) -> Result<()> {
        finish(Command::new(&self.path).arg("build").args(manifests)).await.context("building the guests")
    }

    /// What it is called, without where it is.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The one that a variable names, or else the first that runs.
async fn first(variable: &str, candidates: &[&Path]) -> Option<Program> {
    if let Some(path) = env::var_os(variable) {
        return Program::at(Path::new(&path)).await.ok();
    }
    for path in candidates {
        if let Ok(program) = Program::at(path).await {
            return Some(program);
        }
    }
    None
}

/// The host as it stands now, in the profile that it is measured in; it lies beside this program.
async fn built() -> Result<PathBuf> {
    say("cargo build --release -p loadtest");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    finish(Command::new(cargo).args(["build", "--release", "--quiet", "-p", "loadtest"]))
        .await
        .context("building loadtest")?;
    Ok(env::current_exe().context("finding this program")?.with_file_name("loadtest"))
}

/// Marked where the checkout has changes of its own.
async fn commit() -> Option<String> {
    let mut command = Command::new("git");
    command.args(["describe", "--always", "--dirty"]).current_dir(root()).stdin(Stdio::null());
    let said = command.kill_on_drop(true).output().await.ok()?;
    let name = String::from_utf8(said.stdout).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

async fn finish(command: &mut Command) -> Result<()> {
    let status = command.current_dir(root()).stdin(Stdio::null()).kill_on_drop(true).status().await?;
    ensure!(status.success(), "{status}");
    Ok(())
}
