//! The next step of a search.

use super::end::End;
use super::firing::Firing;

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Fire this burst.
    Fire(Firing),
    /// Stop: further bursts would show nothing new.
    Done(End),
}
