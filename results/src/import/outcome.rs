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

/// Classifies an error by the words of Go's errors.
pub fn failure(text: &str) -> Outcome {
    let lower = text.to_lowercase();
    let kind = match () {
        () if lower.contains("connection refused") => ErrorKind::ConnectRefused,
        () if lower.contains("reset") => ErrorKind::Reset,
        () if lower.contains("eof") => ErrorKind::Closed,
        () if lower.contains("timeout") || lower.contains("deadline") => ErrorKind::Timeout,
        () => ErrorKind::Other,
    };
    Fault::new(kind, text.chars().take(MAX_ERROR_CHARS).collect::<String>()).outcome()
}
