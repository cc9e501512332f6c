//! `loadtest burst`.

use clap::{Args, ValueEnum};

use super::{LooksArgs, ReportArgs, RequestArgs, ScheduleArgs, positive};

#[derive(Debug, Args)]
pub struct BurstArgs {
    /// Where to fire; several URLs fire together, `n` requests each
    #[arg(value_name = "URL", required = true)]
    pub urls: Vec<String>,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    #[command(flatten)]
    pub request: RequestArgs,
    /// What to print instead of a summary and the verdict: `csv` is a line a request, in hey's columns
    #[arg(short, value_name = "FORMAT", conflicts_with = "formats")]
    pub output: Option<Output>,
    /// How many threads the load generator uses [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub cpus: Option<usize>,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub looks: LooksArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Csv,
}
