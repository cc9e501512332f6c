//! `loadtest merge`.

use super::analyze::text;
use super::result_writer::{ResultWriter, reliability};
use crate::cli::flags::MergeArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::runner::{document, merge};

pub fn merge(args: MergeArgs) -> Result<Exit, Failure> {
    let read = args.files.iter().map(|file| document::read(file)).collect::<Result<Vec<_>, _>>();
    let files: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let mut document = merge::merged(&read.or_exit(Exit::Usage)?, &files).or_exit(Exit::Usage)?;
    let endpoints: Vec<String> = document.bursts().map(|burst| burst.endpoint.clone()).collect();
    let writer = ResultWriter::new(args.report, Some(&endpoints))?;
    writer.write(&mut document, |document| text(document, args.output.quiet))?;
    Ok(writer.exit(&document, reliability(&document)))
}
