//! Parses the command line, runs the command, exits.

use std::process::ExitCode;

use clap::FromArgMatches;
use loadtest::cli::commands;
use loadtest::cli::{self, Cli};
use loadtest::console::note;

/// A new instance needs a few hundred allocations, often freed on another thread. mimalloc is fast at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let parsed = Cli::from_arg_matches(
        &cli::command().get_matches_from(cli::flags::hey::translated(std::env::args_os())),
    );
    let exit = commands::run(parsed.unwrap_or_else(|error| error.exit())).unwrap_or_else(|failure| {
        note(&format!("error: {:#}", failure.error));
        failure.exit
    });
    ExitCode::from(exit as u8)
}
