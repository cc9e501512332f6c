//! Parse, run, exit.

use std::process::ExitCode;

use clap::Parser;
use loadtest::cli::Cli;
use loadtest::commands;

fn main() -> ExitCode {
    let exit = commands::run(Cli::parse()).unwrap_or_else(|failure| {
        eprintln!("error: {:#}", failure.error);
        failure.exit
    });
    ExitCode::from(exit as u8)
}
