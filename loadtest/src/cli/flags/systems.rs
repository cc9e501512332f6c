//! Who is under test, and how it is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use nix::sys::signal::Signal;

use super::limits::time;
use super::parse::positive;

#[derive(Debug, Args)]
#[command(next_help_heading = "Systems")]
pub struct SystemArgs {
    /// A system under test: `embedded`, `spin`, `wasmtime`, `fastapi`, one that systems.toml names, or the
    /// URL of one that runs already; repeatable [default: embedded]
    #[arg(long = "on", value_name = "SYSTEM")]
    pub on: Vec<String>,
    /// Where systems of your own are described [default: systems.toml, where it is there]
    #[arg(long = "systems", value_name = "FILE")]
    pub definitions: Option<PathBuf>,
    /// How many processes FastAPI's server has
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    pub workers: usize,
    /// How many threads FastAPI has for plain functions [default: its own, 40]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,
    /// How soon a system must be ready after its start [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub ready_timeout: Option<Duration>,
}

/// For a parent that may be killed.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// What tells the program to end
    #[arg(long, default_value = "SIGTERM")]
    pub signal: Signal,
    /// How long it may then take before it is killed
    #[arg(long, default_value = "5s", value_parser = time)]
    pub grace: Duration,
    /// The program and its arguments
    #[arg(required = true, last = true)]
    pub command: Vec<OsString>,
}
