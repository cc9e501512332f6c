//! The flags for reading and building an application.

use std::path::PathBuf;

use clap::Args;
use host::variables::Given;

const EXAMPLES: &str = "\
Examples:
  loadtest build
  loadtest build my-app/spin.toml --profile debug";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// The applications' manifests [default: spin.toml and spin-wasip3.toml]
    #[arg(value_name = "MANIFEST")]
    pub manifests: Vec<PathBuf>,
    #[command(flatten)]
    pub profile: ProfileArgs,
}

/// The flags for reading an application, as in Spin.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Application")]
pub struct AppArgs {
    /// Set a variable: NAME=VALUE, NAME=@FILE for the text of a file, or @FILE for a JSON or TOML file with
    /// several variables. It overrides SPIN_VARIABLE_NAME in the environment; repeatable
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<Given>,
    #[command(flatten)]
    pub profile: ProfileArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ProfileArgs {
    /// If a component has a `profile.NAME`, use the settings in it
    #[arg(long = "profile", value_name = "NAME")]
    pub name: Option<String>,
}

impl AppArgs {
    /// The same flags as text, to pass them on.
    pub fn flags(&self) -> Vec<String> {
        let variables = self.variables.iter().map(|given| format!("--variable={}", given.as_str()));
        variables.chain(self.profile.name.iter().map(|name| format!("--profile={name}"))).collect()
    }
}
