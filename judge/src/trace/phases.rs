//! What a request's time at the server went into.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::rounded;

/// The phases of a request at the server, by the server's own record, in microseconds. They follow one another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phases {
    /// The time until an instance took the request, from 0; without `start_us`.
    pub queue_us: f64,
    /// The time to start an instance for it, from 0; 0 if an existing one took it.
    pub start_us: f64,
    /// The time in the handler until the head of the answer, from 0.
    pub handler_us: f64,
    /// The time from the head of the answer to its last byte, from 0.
    pub answer_us: f64,
}

impl Phases {
    /// Returns the phases rounded as in result files.
    pub fn rounded(self) -> Self {
        let us = |time: f64| rounded(time, 1);
        Self {
            queue_us: us(self.queue_us),
            start_us: us(self.start_us),
            handler_us: us(self.handler_us),
            answer_us: us(self.answer_us),
        }
    }
}
