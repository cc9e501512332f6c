//! A request of a burst.

use judge::trace::{ErrorKind, Evidence, Outcome, Row};
use judge::units::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request. Times are microseconds from the burst's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Counted from 0.
    pub i: usize,
    /// How long its connection took to open.
    pub connect_us: Option<f64>,
    /// When it was due; null where it waited for an answer.
    pub planned_us: Option<f64>,
    /// When its first byte was sent.
    pub sent_us: Option<f64>,
    /// When the first byte of the answer came.
    pub first_byte_us: Option<f64>,
    /// When the last byte came, or the request failed.
    pub done_us: f64,
    /// The answer's status; null where none came.
    pub status: Option<u16>,
    /// Why no whole answer came.
    pub error: Option<String>,
    /// What kind of error that is; the names don't change.
    pub error_kind: Option<ErrorKind>,
    /// Whether connecting is part of its latency (`--disable-keepalive`).
    pub connects: bool,
    /// Whether its status counts as good; left out where that is left to whether it is 2xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<bool>,
    /// The instance that served it, by its reply.
    pub instance: Option<String>,
    /// How many requests that instance had taken, this one included.
    pub served: Option<u32>,
    /// When it entered the handler; null where generator and server share no clock.
    pub entered_us: Option<f64>,
    /// When it left the handler, likewise.
    pub left_us: Option<f64>,
    /// When it entered the handler by the server's clock, which may be far from the generator's; only where `entered_us`
    /// is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_entered_us: Option<f64>,
    /// When it left the handler, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_left_us: Option<f64>,
    /// The handler's style, by its reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// The machine that served it, by its reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Request {
    pub(super) fn new(row: &Row, shared_clock: bool) -> Self {
        let (status, fault) = match &row.outcome {
            Outcome::Answered(status) => (Some(*status), None),
            Outcome::Rejected(fault) | Outcome::Failed(fault) => (None, Some(fault)),
        };
        let us = |time: f64| rounded(time, 1);
        let evidence = row.evidence.as_ref();
        let interval = evidence.map(Evidence::interval_us);
        let shared = interval.filter(|_| shared_clock);
        let foreign = interval.filter(|_| !shared_clock);
        Self {
            i: row.i,
            connect_us: row.connect_us.map(us),
            planned_us: row.planned_us.map(us),
            sent_us: row.sent_us.map(us),
            first_byte_us: row.first_byte_us.map(us),
            done_us: us(row.done_us),
            status,
            error: fault.map(|fault| fault.text.clone()),
            error_kind: fault.map(|fault| fault.kind),
            connects: row.connects,
            good: row.good.filter(|good| status.is_some_and(|status| *good != (200..300).contains(&status))),
            instance: evidence.map(|evidence| evidence.instance.clone()),
            served: evidence.map(|evidence| evidence.served),
            entered_us: shared.map(|(entered, _)| us(entered)),
            left_us: shared.map(|(_, left)| us(left)),
            server_entered_us: foreign.map(|(entered, _)| us(entered)),
            server_left_us: foreign.map(|(_, left)| us(left)),
            style: evidence.map(|evidence| evidence.style.clone()),
            host: evidence.and_then(|evidence| evidence.host.clone()),
        }
    }
}
