//! `loadtest run`.

use std::path::PathBuf;

use clap::Args;

use super::parse::time_scale;
use super::{AppArgs, IsolationArgs, LooksArgs, ReportArgs, SystemArgs};

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The application's manifest; repeatable [default: spin.toml and spin-wasip3.toml]. For a URL it
    /// says what runs there
    #[arg(long = "manifest", value_name = "FILE")]
    pub manifests: Vec<PathBuf>,
    /// Only these setups, by their numbers [default: all]
    #[arg(long = "setup", value_name = "N,...", value_delimiter = ',')]
    pub setups: Vec<String>,
    /// Multiply all waits by this
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = time_scale)]
    pub time_scale: f64,
    /// Go through all systems so many times, taking turns; the table has medians and the spread
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Exit with 1 when a verdict is not the expected one, with 4 when the measurement can't be trusted
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub looks: LooksArgs,
    #[command(flatten)]
    pub systems: SystemArgs,
    #[command(flatten)]
    pub app: AppArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}
