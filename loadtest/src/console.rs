//! Standard error: warnings and progress, beside the results on standard output.

use std::io::Write;

/// Writes a line to standard error. A closed standard error is no error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
