//! Standard error, for warnings and progress. Results go to standard output.

use std::io::Write;

/// Writes a line to standard error. Ignores errors, such as a closed standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
