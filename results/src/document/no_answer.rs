//! Bursts without any good answer.

use judge::trace::ErrorKind;
use judge::verdict::Kind;

use super::Burst;

/// Why a burst has no good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// No connection was opened.
    NotReached,
    /// The server was reached, and no whole answer came in time.
    NotInTime,
    /// The server was reached, and its answers were bad or incomplete.
    NotGood,
}

impl Burst {
    /// Returns why the burst has no good answer. `None` if it has one, if requests were refused because of the load, or if all
    /// requests failed on the client's side.
    pub fn no_answer(&self) -> Option<NoAnswer> {
        if self.ok > 0 || self.verdict.kind == Kind::Refused {
            return None;
        }
        let kinds = || self.requests.iter().filter_map(|request| request.error_kind);
        let is_at_client =
            |kind| matches!(kind, ErrorKind::Interrupted | ErrorKind::NotSent | ErrorKind::Other);
        match self.statuses.is_empty() {
            true if kinds().all(is_at_client) => None,
            true if kinds().all(ErrorKind::is_of_connecting) => Some(NoAnswer::NotReached),
            true if kinds().all(|kind| kind == ErrorKind::Timeout || kind.is_of_connecting()) => {
                Some(NoAnswer::NotInTime)
            }
            _ => Some(NoAnswer::NotGood),
        }
    }
}

#[cfg(test)]
mod tests {
    use judge::trace::{Fault, Outcome};
    use judge::verdict::Verdict;

    use super::*;
    use crate::document::sample;

    #[test]
    fn the_outcomes_say_why_there_is_no_good_answer() {
        use ErrorKind::{Closed, ConnectRefused, Interrupted, Protocol, Timeout, Tls};
        let fault = |kind| Fault::new(kind, "").outcome();
        let no_answer = |outcomes: &[Outcome], kind| {
            let mut rows = sample::rows(outcomes.len(), 1, 0);
            rows.iter_mut().zip(outcomes).for_each(|(row, outcome)| row.outcome = outcome.clone());
            sample::burst("http://a/", "a", rows, Verdict::of(kind)).no_answer()
        };
        for (outcomes, expected) in [
            (vec![Outcome::Answered(200), fault(Closed)], None),
            (vec![Outcome::Answered(404), fault(ConnectRefused)], Some(NoAnswer::NotGood)),
            (vec![fault(Protocol), fault(Closed)], Some(NoAnswer::NotGood)),
            (vec![fault(Timeout), fault(Tls)], Some(NoAnswer::NotInTime)),
            (vec![fault(Timeout), Outcome::Answered(404)], Some(NoAnswer::NotGood)),
            (vec![fault(ConnectRefused), fault(Tls)], Some(NoAnswer::NotReached)),
            (vec![fault(Interrupted)], None),
        ] {
            assert_eq!(no_answer(&outcomes, Kind::Inconclusive), expected, "{outcomes:?}");
        }
        assert_eq!(no_answer(&[Outcome::Answered(503)], Kind::Refused), None);
    }
}
