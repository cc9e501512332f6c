//! A request of a burst.

use std::fmt;

use judge::schedule::DEFAULT_KEEP;
use judge::trace::{ErrorKind, Evidence, Outcome, Phases, Row};
use judge::units::rounded;
use schemars::JsonSchema;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// A request. Times are in microseconds from the burst's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The request's number, counted from 0.
    pub i: usize,
    /// The duration of opening its connection.
    pub connect_us: Option<f64>,
    /// The planned send; null if the send waited for an answer.
    pub planned_us: Option<f64>,
    /// The send of the first byte.
    pub sent_us: Option<f64>,
    /// The arrival of the answer's first byte.
    pub first_byte_us: Option<f64>,
    /// The arrival of the answer's last byte, or the failure.
    pub done_us: f64,
    /// The answer's status; null without an answer.
    pub status: Option<u16>,
    /// The reason why there is no complete answer.
    pub error: Option<String>,
    /// The kind of `error`. The names are stable.
    pub error_kind: Option<ErrorKind>,
    /// Whether the latency includes connecting (`--disable-keepalive`).
    pub connects: bool,
    /// Whether the status counts as good; left out if it does by the default rule, 2xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<bool>,
    /// The instance that served the request, from the reply.
    pub instance: Option<String>,
    /// The number of requests that the instance had served, this one included.
    pub served: Option<u32>,
    /// The entry into the handler; null if generator and server don't share a clock.
    pub entered_us: Option<f64>,
    /// The exit from the handler; null if generator and server don't share a clock.
    pub left_us: Option<f64>,
    /// The entry into the handler by the server's clock, which may differ from the generator's; left out if `entered_us`
    /// is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_entered_us: Option<f64>,
    /// The exit from the handler by the server's clock; left out if `left_us` is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_left_us: Option<f64>,
    /// The handler's style, from the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// The machine that served the request, from the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The time that the server says it took for the request, from 0, by its own clock; left out if the answer has no valid
    /// `Server-Timing`, `X-Runtime`, `X-Process-Time` or `X-Response-Time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time_us: Option<f64>,
    /// What the request's time at the server went into, by the trace of the embedded host; left out if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
}

impl Request {
    /// Returns the request with its times counted from so many microseconds before.
    pub(crate) fn later(self, by: f64) -> Self {
        let later = |time: Option<f64>| time.map(|time| time + by);
        Self {
            planned_us: later(self.planned_us),
            sent_us: later(self.sent_us),
            first_byte_us: later(self.first_byte_us),
            done_us: self.done_us + by,
            entered_us: later(self.entered_us),
            left_us: later(self.left_us),
            ..self
        }
    }

    pub(super) fn new(row: &Row, shared_clock: bool) -> Self {
        let (status, fault) = match &row.outcome {
            Outcome::Answered(status) => (Some(*status), None),
            Outcome::Rejected(fault) | Outcome::Failed(fault) => (None, Some(fault)),
        };
        let us = |time: f64| rounded(time, 1);
        let evidence = row.evidence.as_ref();
        let interval = evidence.and_then(Evidence::interval_us);
        let shared = interval.filter(|_| shared_clock);
        let unshared = interval.filter(|_| !shared_clock);
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
            served: evidence.and_then(|evidence| evidence.served),
            entered_us: shared.map(|(entered, _)| us(entered)),
            left_us: shared.map(|(_, left)| us(left)),
            server_entered_us: unshared.map(|(entered, _)| us(entered)),
            server_left_us: unshared.map(|(_, left)| us(left)),
            style: evidence.map(|evidence| evidence.style.clone()).filter(|style| !style.is_empty()),
            host: evidence.and_then(|evidence| evidence.host.clone()),
            server_time_us: row.server_time_us.map(us),
            phases: row.phases.map(Phases::rounded),
        }
    }
}

/// Reads the first [`DEFAULT_KEEP`] requests and skips the remaining ones, so that memory is bounded whatever the file has.
pub fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Request>, D::Error> {
    struct Bounded;

    impl<'de> Visitor<'de> for Bounded {
        type Value = Vec<Request>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of requests")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            while let Some(request) = list.next_element()? {
                if kept.len() < DEFAULT_KEEP {
                    kept.push(request);
                }
            }
            Ok(kept)
        }
    }

    deserializer.deserialize_seq(Bounded)
}
