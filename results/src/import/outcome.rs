//! Statuses and errors as other tools write them.

use judge::trace::{ErrorKind, Fault, Outcome};

/// The number of characters of an error's text that are kept.
const MAX_ERROR_CHARS: usize = 200;

/// Parses an HTTP status.
pub fn status(text: Option<&str>) -> Result<u16, String> {
    let status = text.and_then(|text| text.parse().ok()).filter(|status| (100..=599).contains(status));
    status.ok_or_else(|| {
        format!("the status is {:?}, but a number from 100 to 599 is expected", text.unwrap_or_default())
    })
}

/// Classifies an error by the words of Go's, Node's, Java's and Rust's errors.
pub fn failure(text: &str) -> Outcome {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let kind = match () {
        () if has(&["connection refused", "econnrefused"]) => ErrorKind::ConnectRefused,
        () if has(&["reset"]) => ErrorKind::Reset,
        () if has(&["eof", "socket hang up", "nohttpresponse"]) => ErrorKind::Closed,
        () if has(&["timeout", "timed out", "timedout", "deadline"]) => ErrorKind::Timeout,
        () => ErrorKind::Other,
    };
    Fault::new(kind, text.chars().take(MAX_ERROR_CHARS).collect::<String>()).outcome()
}
