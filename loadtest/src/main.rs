//! Parses the command line, runs the command, exits.

use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::{ContextKind, ContextValue};
use loadtest::arguments;
use loadtest::cli::commands;
use loadtest::cli::{self, Cli};
use loadtest::console::note;
use results::document::{quoted, without_password};

/// A new instance needs a few hundred allocations, often freed on another thread. mimalloc is fast at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = arguments::of_process();
    let matches = cli::command().try_get_matches_from(arguments);
    let parsed = Cli::from_arg_matches(&matches.unwrap_or_else(|error| with_command(error).exit()));
    let exit = commands::run(parsed.unwrap_or_else(|error| error.exit())).unwrap_or_else(|failure| {
        note(&format!("error: {:#}", failure.error));
        failure.exit
    });
    ExitCode::from(exit as u8)
}

/// Suggests a command for a URL without one.
fn with_command(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
        && word.contains("://")
    {
        let command = ContextValue::Strings(vec![format!("burst {}", quoted(&without_password(word)))]);
        error.insert(ContextKind::SuggestedSubcommand, command);
    }
    error
}
