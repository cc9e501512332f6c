//! `loadtest merge`.

use std::path::PathBuf;

use clap::Args;

use super::{OutputArgs, ReportArgs};

pub const HELP: &str = "\
Merges the results of load generators that fired together on several machines, and judges them as one burst:

  loadtest burst --start-at 2026-11-24T10:00:00Z -n 500 -c 500 --out a URL
  (the same on each machine, then:)
  loadtest merge a/result.json b/result.json

Times count from the earliest start. If a generator started late, its delay is a part of the start skew, the time \
from the first request's start to the last one's. The clocks of the \
machines are assumed to agree (chrony or ntpd keep them within some milliseconds).";

const EXAMPLES: &str = "\
Examples:
  loadtest merge a/result.json b/result.json --out merged";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", super::EXIT_CODES))]
pub struct MergeArgs {
    /// The result.json of each generator
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
