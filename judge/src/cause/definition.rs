//! What a row of the table of causes has.

use crate::judgement::Judgement;

/// A cause that can explain a burst.
pub(super) struct Cause {
    /// Whether the burst shows the cause.
    pub(super) applies: fn(&Judgement) -> bool,
    /// The sentence that explains the verdict; `None` if other sentences of the verdict do.
    pub(super) explanation: Option<&'static str>,
    /// Returns the sentence that says what to change; `None` if there is no evidence for the cause.
    pub(super) remedy: Option<fn(&Judgement) -> String>,
}
