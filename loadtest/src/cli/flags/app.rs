//! How an application is read and built.

use std::path::PathBuf;

use clap::Args;
use host::variables::Given;

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The applications' manifests [default: spin.toml and spin-wasip3.toml]
    #[arg(value_name = "MANIFEST")]
    pub manifests: Vec<PathBuf>,
    #[command(flatten)]
    pub profile: ProfileArgs,
}

/// How an application is read, with Spin's flags.
#[derive(Debug, Clone, Default, Args)]
pub struct AppArgs {
    /// A variable's value, repeatable: NAME=VALUE, NAME=@FILE for a file's text, or @FILE for a JSON or
    /// TOML file of many. It beats SPIN_VARIABLE_NAME in the environment
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<Given>,
    #[command(flatten)]
    pub profile: ProfileArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ProfileArgs {
    /// Use what components have under `profile.NAME`, where they have it
    #[arg(long = "profile", value_name = "NAME")]
    pub name: Option<String>,
}

impl AppArgs {
    /// The same as flags again.
    pub fn flags(&self) -> Vec<String> {
        let variables = self.variables.iter().map(|given| format!("--variable={}", given.as_str()));
        variables.chain(self.profile.name.iter().map(|name| format!("--profile={name}"))).collect()
    }
}
