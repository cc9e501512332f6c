//! `loadtest lab`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct LabArgs {
    #[command(subcommand)]
    pub tool: LabTool,
}

#[derive(Debug, Subcommand)]
pub enum LabTool {
    /// Write the lab's application to a folder: manifests and components, for `spin up` or `loadtest serve`
    Export(LabExportArgs),
}

const EXAMPLES: &str = "\
Examples:
  loadtest lab export lab
  loadtest serve lab/spin-wasip3.toml       or: spin up -f lab/spin-wasip3.toml";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LabExportArgs {
    /// A new or empty folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
