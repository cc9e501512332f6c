//! `loadtest analyze`: a verdict on what was measured before, by whomever.

use results::document::Document;
use results::import::Options;

use super::outcome::Outcome;
use super::trusted;
use crate::cli::flags::AnalyzeArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::plan;
use crate::report::terminal;
use crate::runner::import;

pub fn analyze(args: AnalyzeArgs) -> Result<Exit, Failure> {
    let options = Options {
        service_ms: args.service_ms,
        n: args.n,
        c: args.c,
        good: args.status,
        max_rows: args.max_rows,
    };
    let mut document = import::document(&args.files, &options, &plan::built_in().unwrap_or_default())
        .or_exit(Exit::Usage)?;
    let endpoints: Vec<String> = document.bursts().map(|burst| burst.endpoint.clone()).collect();
    let outcome = Outcome::prepare(args.report, &endpoints)?;
    outcome.tell(&mut document, |document| told(document, !args.looks.quiet))?;
    Ok(outcome.exit(&document, trusted(&document)))
}

/// As `burst` tells it, or where there are setups, as `run` does.
pub fn told(document: &Document, is_drawn: bool) -> String {
    match document.runs.iter().all(|run| run.setup == "burst") {
        true => terminal::bursts(document, terminal::width(), is_drawn),
        false => terminal::run(document, terminal::width(), is_drawn),
    }
}
