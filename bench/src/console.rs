//! Progress on standard error.

/// Writes a line of progress.
pub fn note(line: &str) {
    eprintln!("bench: {line}");
}
