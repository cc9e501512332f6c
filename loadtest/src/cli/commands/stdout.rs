//! Standard output.

use std::io::{ErrorKind, Write};

use crate::exit::{Exit, Failure};

/// Prints the results on standard output. It is no error if the reader closes it.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Usage, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
