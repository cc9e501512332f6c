//! `loadtest completions` and the hidden `loadtest man`.

use super::stdout::print;
use crate::cli::flags::{CompletionsArgs, ManArgs, command};
use crate::exit::{Exit, Failure, OrExit};

/// The program's name in completions and manual pages, whatever its file is called.
const NAME: &str = "loadtest";

pub fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut without_hidden(&command()), NAME, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// Returns the command without its hidden subcommands: clap completes them, too.
fn without_hidden(command: &clap::Command) -> clap::Command {
    clap::Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .args(command.get_arguments())
        .subcommands(command.get_subcommands().filter(|one| !one.is_hide_set()))
}

/// Writes a manual page for the program and one for each command.
pub fn man(args: &ManArgs) -> Result<Exit, Failure> {
    clap_mangen::generate_to(command().name(NAME), &args.folder).or_exit(Exit::Usage)?;
    Ok(Exit::Success)
}
