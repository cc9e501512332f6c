//! `loadtest plan`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ProfileArgs;

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(subcommand)]
    pub tool: PlanTool,
}

#[derive(Debug, Subcommand)]
pub enum PlanTool {
    /// Print a first plan, from the routes of a Spin manifest
    Init(InitArgs),
}

const EXAMPLES: &str = "\
Examples:
  loadtest plan init spin.toml > plan.toml
  loadtest run --plan plan.toml --manifest spin.toml";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// The application's manifest
    #[arg(value_name = "MANIFEST", default_value = "spin.toml")]
    pub manifest: PathBuf,
    #[command(flatten)]
    pub profile: ProfileArgs,
}
