//! Whether the handlers' own times agree with the answers' times.

use super::range::Range;
use crate::findings::Findings;
use crate::kind::Kind;

/// Whether the handlers' own times agree with the number that the answers' times gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrossCheck {
    /// The handlers' times tell nothing.
    Silent,
    /// They agree.
    Agrees,
    /// They contradict it.
    Disagrees,
}

impl CrossCheck {
    pub(super) fn of(findings: &Findings, range: Option<Range>) -> Self {
        let Some((Range { low, high, .. }, overlap)) = range.zip(findings.overlap.as_ref()) else {
            return Self::Silent;
        };
        // The server can't serve more requests than are in handlers.
        if (overlap.at_once as f64) < low.floor() * 0.9 {
            return Self::Disagrees;
        }
        match findings.handlers_at_once().map(|count| count as f64) {
            None => Self::Silent,
            Some(count) if count > high.ceil() * 1.15 => Self::Disagrees,
            Some(_) => Self::Agrees,
        }
    }

    /// Returns the number that the handlers' times count, if they agree with the range of a limited burst.
    pub(super) fn refine(self, range: Range, findings: &Findings, served: Kind) -> Range {
        match findings.handlers_at_once() {
            Some(count) if served == Kind::Limited && self == Self::Agrees => {
                let k = count as f64;
                Range { k, low: k, high: k }
            }
            _ => range,
        }
    }
}
