//! `loadtest merge`: one verdict on what several generators fired.

use super::analyze::told;
use super::outcome::Outcome;
use super::trusted;
use crate::cli::flags::MergeArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::runner::{document, merge};

pub fn merge(args: MergeArgs) -> Result<Exit, Failure> {
    let read = args.files.iter().map(|file| document::read(file)).collect::<Result<Vec<_>, _>>();
    let files: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let mut document = merge::merged(&read.or_exit(Exit::Usage)?, &files).or_exit(Exit::Usage)?;
    let endpoints: Vec<String> = document.bursts().map(|burst| burst.endpoint.clone()).collect();
    let outcome = Outcome::prepare(args.report, &endpoints)?;
    outcome.tell(&mut document, |document| told(document, !args.looks.quiet))?;
    Ok(outcome.exit(&document, trusted(&document)))
}
