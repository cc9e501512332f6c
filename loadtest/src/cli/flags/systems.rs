//! The flags for the systems under test.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use nix::sys::signal::Signal;

use super::limits::time;
use super::parse::positive;
use crate::targets::BUILT_IN;

#[derive(Debug, Args)]
#[command(next_help_heading = "Systems")]
pub struct SystemArgs {
    #[arg(long = "on", value_name = "SYSTEM", help = on_help())]
    pub on: Vec<String>,
    /// The file with the descriptions of your own systems [default: systems.toml, if it exists]
    #[arg(long = "systems", value_name = "FILE")]
    pub definitions: Option<PathBuf>,
    /// The number of server processes (`--on fastapi`)
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    pub workers: usize,
    /// The number of threads for blocking handlers (`--on fastapi`) [default: 40]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,
    /// The time limit for a system to become ready [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub ready_timeout: Option<Duration>,
}

/// The flags of the hidden command `guard`.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// The signal that ends the program
    #[arg(long, default_value = "SIGTERM")]
    pub signal: Signal,
    /// The time limit for the program to end; then it is killed
    #[arg(long, default_value = "5s", value_parser = time)]
    pub grace: Duration,
    /// The program and its arguments
    #[arg(required = true, last = true)]
    pub command: Vec<OsString>,
}

fn on_help() -> String {
    let built_in = BUILT_IN.iter().map(|target| format!("- {}: {}\n", target.name, target.summary));
    format!(
        "A system under test; repeatable [default: {}]:\n{}- NAME: a system from systems.toml\n- URL: a server that runs \
         already, such as http://127.0.0.1:3000",
        BUILT_IN[0].name,
        built_in.collect::<String>()
    )
}
