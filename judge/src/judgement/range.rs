//! A number with its interval.

use std::fmt;

/// The number of requests that were served at a time, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) k: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl fmt::Display for Range {
    /// `4 at a time`, or with the interval if it is wider: `4 at a time (3 to 5)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { k, low, high } = self;
        write!(f, "{k} at a time")?;
        if low < high { write!(f, " ({low} to {high})") } else { Ok(()) }
    }
}
