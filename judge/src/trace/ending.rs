//! What became of a request, for a verdict.

use super::{ErrorKind, Outcome, Row};

/// What became of a request, for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// A good answer came.
    Answered,
    /// The server turned the request away as servers do under load: by a 5xx status or 429, or by breaking it off.
    Refused,
    /// No whole answer came within the request's time. The observation is censored: the answer would have come after
    /// the row's `done_us`, if ever.
    Unanswered,
    /// The request failed for a reason that load doesn't explain, such as a redirect, status 404, or an answer that is no
    /// HTTP.
    FailedAtServer,
    /// The request failed on the client's side, for example because no connection could be opened.
    FailedAtClient,
}

impl Row {
    /// Returns what became of the request.
    pub fn ending(&self) -> Ending {
        match &self.outcome {
            _ if self.is_ok() => Ending::Answered,
            Outcome::Answered(429 | 500..600) => Ending::Refused,
            Outcome::Answered(_) => Ending::FailedAtServer,
            Outcome::Rejected(fault) if fault.kind == ErrorKind::Protocol => Ending::FailedAtServer,
            Outcome::Rejected(_) => Ending::Refused,
            Outcome::Failed(fault) if fault.kind == ErrorKind::Timeout => Ending::Unanswered,
            Outcome::Failed(_) => Ending::FailedAtClient,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Fault;

    #[test]
    fn only_statuses_of_load_and_broken_connections_are_refusals() {
        let ending = |outcome| Row { outcome, ..Row::default() }.ending();
        for (status, expected) in [
            (200, Ending::Answered),
            (301, Ending::FailedAtServer),
            (404, Ending::FailedAtServer),
            (429, Ending::Refused),
            (500, Ending::Refused),
            (503, Ending::Refused),
        ] {
            assert_eq!(ending(Outcome::Answered(status)), expected, "{status}");
        }
        for (kind, expected) in [
            (ErrorKind::Reset, Ending::Refused),
            (ErrorKind::Closed, Ending::Refused),
            (ErrorKind::Protocol, Ending::FailedAtServer),
            (ErrorKind::Timeout, Ending::Unanswered),
            (ErrorKind::ConnectTimeout, Ending::FailedAtClient),
        ] {
            assert_eq!(ending(Fault::new(kind, "").outcome()), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_status_that_the_user_counts_as_good_is_an_answer() {
        let row = Row { outcome: Outcome::Answered(503), good: Some(true), ..Row::default() };
        assert_eq!(row.ending(), Ending::Answered);
    }
}
