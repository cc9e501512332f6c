//! The outcomes of HTTP/2's errors, by their names and codes.

use h2::{Error, Reason};
use judge::trace::{ErrorKind, Fault, Outcome};

use crate::generator::deadline::Late;

/// The codes that blame the client, or HTTP/2 itself, and not the load.
const FAULTS: [Reason; 7] = [
    Reason::PROTOCOL_ERROR,
    Reason::FLOW_CONTROL_ERROR,
    Reason::STREAM_CLOSED,
    Reason::FRAME_SIZE_ERROR,
    Reason::COMPRESSION_ERROR,
    Reason::INADEQUATE_SECURITY,
    Reason::HTTP_1_1_REQUIRED,
];

/// Returns the outcome of an error of a stream or its connection. The server caused it.
pub fn error(error: &Error) -> Outcome {
    let kind = match error.reason() {
        _ if error.is_io() => ErrorKind::Closed,
        Some(reason) if error.is_remote() && !FAULTS.contains(&reason) => ErrorKind::Reset,
        _ => ErrorKind::Protocol,
    };
    Outcome::Rejected(Fault::new(kind, format!("HTTP/2: {}", text(error))))
}

/// Returns the outcome of a connection that ended before the server's settings came. `instead` is what the server speaks, if it
/// isn't HTTP/2.
pub fn no_settings(ended: Result<(), Error>, instead: Option<String>) -> Outcome {
    match (ended, instead) {
        (_, Some(instead)) => Outcome::Rejected(Fault::new(ErrorKind::Protocol, instead)),
        (Err(ended), None) if !ended.is_io() => error(&ended),
        _ => {
            let text =
                "HTTP/2: the server closed the connection before its settings came; does it speak HTTP/2?";
            Outcome::Rejected(Fault::new(ErrorKind::Closed, text))
        }
    }
}

/// Returns the outcome if no settings came in time.
pub fn late_settings(late: Late, instead: Option<String>) -> Outcome {
    let seconds = late.seconds();
    match instead {
        Some(instead) => Outcome::Rejected(Fault::new(ErrorKind::Protocol, instead)),
        None => {
            let text = format!("HTTP/2: no settings within {seconds} s; does the server speak HTTP/2?");
            Outcome::Failed(Fault::new(ErrorKind::ConnectTimeout, text))
        }
    }
}

/// Returns an error with the frame that brought it, and its code (RFC 9113, 7).
fn text(error: &Error) -> String {
    let Some(reason) = error.reason().filter(|_| error.is_remote()) else { return error.to_string() };
    let what = match () {
        () if error.is_go_away() => "the server ended the connection by GOAWAY",
        () if error.is_reset() => "the server ended the stream by RST_STREAM",
        () => return error.to_string(),
    };
    format!("{what} with {}", code(reason))
}

/// Returns a code with its name, if it has one: `REFUSED_STREAM (7)`.
fn code(reason: Reason) -> String {
    let number = u32::from(reason);
    // h2 shows unknown codes otherwise.
    if number <= u32::from(Reason::HTTP_1_1_REQUIRED) {
        format!("{reason:?} ({number})")
    } else {
        format!("the unknown code {number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_names() {
        assert_eq!(code(Reason::REFUSED_STREAM), "REFUSED_STREAM (7)");
        assert_eq!(code(Reason::ENHANCE_YOUR_CALM), "ENHANCE_YOUR_CALM (11)");
        assert_eq!(code(Reason::from(99)), "the unknown code 99");
    }
}
