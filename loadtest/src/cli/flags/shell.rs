//! `loadtest completions` and the hidden `loadtest man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  loadtest completions bash > ~/.local/share/bash-completion/completions/loadtest
  loadtest completions zsh > ~/.zfunc/_loadtest
  loadtest completions fish > ~/.config/fish/completions/loadtest.fish";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// An existing folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
