//! `loadtest analyze`.

use results::document::Document;
use results::import::Options;

use super::inputs::built_in_setups;
use super::result_writer::{ResultWriter, reliability};
use crate::cli::flags::AnalyzeArgs;
use crate::cli::request_flags;
use crate::exit::{Exit, Failure, OrExit};
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
    let mut document = import::document(&args.files, &options, &built_in_setups()?).or_exit(Exit::Usage)?;
    let endpoints: Vec<String> = document.bursts().map(|burst| burst.endpoint.clone()).collect();
    let writer = ResultWriter::new(args.report, Some(&endpoints))?;
    writer.write(&mut document, |document| text(document, args.output.quiet))?;
    // Without a good answer, the server failed, whatever the measurement is worth.
    let has_failed = document.bursts().any(|burst| burst.ok == 0);
    let exit = if has_failed { Exit::Unexpected } else { reliability(&document) };
    Ok(writer.exit(&document, exit))
}

/// The text as for `run` if the document has setups, otherwise as for `burst`.
pub fn text(document: &Document, is_quiet: bool) -> String {
    let flags = request_flags::of_burst(&document.command);
    match document.runs.iter().all(|run| run.setup == "burst") {
        true => terminal::bursts(document, terminal::width(), is_quiet, flags.as_deref()),
        false => terminal::run(document, terminal::width(), !is_quiet),
    }
}
