//! A request of a burst.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{Evidence, Outcome, Phases};

/// The statuses that count as good.
pub type Statuses = Arc<[RangeInclusive<u16>]>;

/// A request. Times are microseconds from the burst's start.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The request's number, from 0, in the order in which connections took their requests.
    pub i: usize,
    /// How long the connection took to open, in microseconds, if it was opened for this request or before the burst.
    pub connect_us: Option<f64>,
    /// Whether the request's times include connecting: the connection was opened for this request alone.
    pub connects: bool,
    /// The planned time of the send; `None` if the request had to wait for an answer first.
    pub planned_us: Option<f64>,
    /// The time when the first byte was sent.
    pub sent_us: Option<f64>,
    /// The time when the first byte of the answer came.
    pub first_byte_us: Option<f64>,
    /// The time when the last byte came, or the request failed.
    pub done_us: f64,
    /// How the request ended.
    pub outcome: Outcome,
    /// Whether the user counts the answer's status as good; `None` if every 2xx is good.
    pub good: Option<bool>,
    /// What the reply says about its handler.
    pub evidence: Option<Evidence>,
    /// The reply's Server header.
    pub server: Option<String>,
    /// The time that the server says it took for the request, in microseconds; `None` if it says nothing.
    pub server_time_us: Option<f64>,
    /// What the request's time at the server went into; `None` if the server keeps no record.
    pub phases: Option<Phases>,
}

impl Row {
    /// Whether a whole answer with a good status came: 2xx, unless the user says otherwise.
    pub fn is_ok(&self) -> bool {
        match self.outcome {
            Outcome::Answered(status) => self.good.unwrap_or((200..300).contains(&status)),
            _ => false,
        }
    }

    /// Returns the time when the request began: the first byte's send, or the start of its connect if its times include
    /// that.
    pub fn began_us(&self) -> Option<f64> {
        let connecting = self.connect_us.filter(|_| self.connects).unwrap_or(0.0);
        self.sent_us.map(|sent| sent - connecting)
    }

    /// Returns the time from the request's beginning to the answer's last byte, in microseconds.
    pub fn latency_us(&self) -> Option<f64> {
        self.began_us().map(|began| self.done_us - began)
    }

    /// Returns the time from the planned send to the answer's last byte, in microseconds: the wait of a user who came
    /// at the planned time.
    pub fn latency_from_plan_us(&self) -> Option<f64> {
        self.planned_us.map(|planned| self.done_us - planned)
    }
}
