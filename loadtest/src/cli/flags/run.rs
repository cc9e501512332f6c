//! `loadtest run`.

use std::path::PathBuf;

use clap::Args;

use super::parse::time_scale;
use super::{AppArgs, IsolationArgs, OutputArgs, ReportArgs, SystemArgs};

pub const EXAMPLES: &str = "\
Examples:
  loadtest run --setup 7 --time-scale 0.1
  loadtest run --on embedded --on spin --repeat 5 --out out
  loadtest run --on http://127.0.0.1:3000 --manifest spin.toml --check
  loadtest run --plan plan.toml --manifest spin.toml --expect failed=0";

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The application's manifest; repeatable [default: spin.toml and spin-wasip3.toml]. With `--on URL`,
    /// the manifest of the application at this URL
    #[arg(long = "manifest", value_name = "FILE")]
    pub manifests: Vec<PathBuf>,
    /// A plan of your own: setups in TOML, as docs/plans.md describes [default: the lab's setups]
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// The ids of the setups to run. The end of `loadtest run --help` lists them [default: all that are not marked "only with
    /// --setup"]
    #[arg(long = "setup", value_name = "N,...", value_delimiter = ',')]
    pub setups: Vec<String>,
    /// Multiply all waits by this factor: 0.1 makes them a tenth as long
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = time_scale)]
    pub time_scale: f64,
    /// The number of rounds. In each round, all systems take a turn; the table shows medians and ranges
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Exit with 1 if a verdict is not as expected, with 4 if the measurement is not reliable
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub systems: SystemArgs,
    #[command(flatten)]
    pub app: AppArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}
