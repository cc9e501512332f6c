//! `loadtest completions` and the hidden `loadtest man`.

use super::stdout::print;
use crate::cli::flags::{CompletionsArgs, ManArgs, command};
use crate::exit::{Exit, Failure, OrExit};

/// The program's name in completions and manual pages, whatever its file is called.
const NAME: &str = "loadtest";

pub fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), NAME, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// Writes a manual page for the program and one for each command.
pub fn man(args: &ManArgs) -> Result<Exit, Failure> {
    clap_mangen::generate_to(command().name(NAME), &args.folder).or_exit(Exit::Usage)?;
    Ok(Exit::Success)
}
