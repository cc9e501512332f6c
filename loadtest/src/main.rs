//! Parse, run, exit.

use std::process::ExitCode;

use clap::FromArgMatches;
use loadtest::cli::{self, Cli};
use loadtest::commands;
use loadtest::report::note;

fn main() -> ExitCode {
    let parsed = Cli::from_arg_matches(&cli::command().get_matches());
    let exit = commands::run(parsed.unwrap_or_else(|error| error.exit())).unwrap_or_else(|failure| {
        note(&format!("error: {:#}", failure.error));
        failure.exit
    });
    ExitCode::from(exit as u8)
}
