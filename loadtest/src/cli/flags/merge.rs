//! `loadtest merge`.

use std::path::PathBuf;

use clap::Args;

use super::{LooksArgs, ReportArgs};

pub const HELP: &str = "\
Joins the results of generators that fired together, each on its machine, and judges them as one burst:

  loadtest burst --start-at 2026-11-24T10:00:00Z -n 500 -c 500 --out a URL
  (the same on each machine, then)
  loadtest merge a/result.json b/result.json

Times count from the shared start; a generator that was late makes the burst's start skew. The machines' clocks are taken to \
agree (chrony or ntpd keep them within some milliseconds).";

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Their result.json
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub looks: LooksArgs,
}
