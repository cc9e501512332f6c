//! `loadtest burst`.

use std::path::PathBuf;

use clap::Args;

use super::{RequestArgs, positive};

#[derive(Debug, Args)]
pub struct BurstArgs {
    /// Where to fire; several URLs fire together, `n` requests each
    #[arg(value_name = "URL", required = true)]
    pub urls: Vec<String>,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    #[command(flatten)]
    pub request: RequestArgs,
    /// Write result.json to this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// When it is sent.
#[derive(Debug, Args)]
pub struct ScheduleArgs {
    /// How many requests
    #[arg(short, value_name = "N", default_value = "200", value_parser = positive)]
    pub n: usize,
    /// How many of them at once, over a connection each
    #[arg(short, value_name = "N", default_value = "50", value_parser = positive)]
    pub c: usize,
}
