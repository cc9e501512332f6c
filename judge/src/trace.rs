//! The facts of a burst: one row a request, and nothing that was concluded from them.
//!
//! Times are microseconds from the burst's own start: the barrier's release, plus its delay.

use std::ops::RangeInclusive;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;

/// A burst as it was measured.
#[derive(Debug, Clone)]
pub struct Trace {
    /// How it was to be sent.
    pub schedule: Schedule,
    /// What one request alone takes, in milliseconds.
    pub service_ms: f64,
    /// One row a request, in the order of `i`.
    pub rows: Vec<Row>,
    /// Whether the replies' clock is this machine's.
    pub shared_clock: bool,
    /// Whether connections were kept open between requests; where not, connecting is part of the times.
    pub keep_alive: bool,
    /// How the load generator itself fared.
    pub generator: Generator,
    /// What its writer left out.
    pub missing: MissingData,
}

/// The statuses that count as good.
pub type Statuses = Arc<[RangeInclusive<u16>]>;

/// Whether requests that failed are in a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Failures {
    /// They are.
    #[default]
    Kept,
    /// They aren't, but how many requests there were is known.
    Counted,
    /// They aren't, and nobody knows how many there were.
    Unseen,
}

/// What a trace lacks that another tool wrote; nothing, where it was measured here.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MissingData {
    /// Nobody measured what one request alone takes: the quickest answer stands in for it.
    pub service: bool,
    /// Whether requests that failed are left out.
    pub failures: Failures,
    /// There were no single requests: what the rows say was made up to fit a summary.
    pub summary: bool,
    /// How coarse the times are, in microseconds; 0 where they are as good as any.
    pub resolution_us: f64,
}

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Counted from 0, in the order in which connections took their requests.
    pub i: usize,
    /// How long its connection took to open, in microseconds, where it was opened for this request or before the burst.
    pub connect_us: Option<f64>,
    /// Whether connecting is part of this request's times: its connection was opened for it alone.
    pub connects: bool,
    /// When the plan wanted it sent; `None` where it had to wait for an answer first.
    pub planned_us: Option<f64>,
    /// When its first byte was sent.
    pub sent_us: Option<f64>,
    /// When the first byte of the answer came.
    pub first_byte_us: Option<f64>,
    /// When the last byte came, or the request failed.
    pub done_us: f64,
    /// The answer.
    pub outcome: Outcome,
    /// Whether the user counts the answer's status as good; `None` leaves it to whether that is 2xx.
    pub good: Option<bool>,
    /// What the reply says of who served it.
    pub evidence: Option<Evidence>,
    /// The reply's Server header.
    pub server: Option<String>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With a whole answer of this status.
    Answered(u16),
    /// The server broke off: reset, or closed before the answer was whole.
    Rejected(Fault),
    /// It never came to an answer for a reason on the client's side: a timeout, a descriptor.
    Failed(Fault),
}

/// Why no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// For programs.
    pub kind: ErrorKind,
    /// For people.
    pub text: String,
}

/// What kind of thing went wrong; the names don't change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nobody listens at the address.
    ConnectRefused,
    /// No connection, tunnel or handshake within its time.
    ConnectTimeout,
    /// The connection could not be made for another reason, such as no route or no free descriptor.
    Connect,
    /// The certificate isn't trusted, or the handshake failed.
    Tls,
    /// The proxy can't be reached, or refuses.
    Proxy,
    /// The server reset the connection, or HTTP/2's stream.
    Reset,
    /// The server closed the connection before the answer was whole.
    Closed,
    /// No whole answer within the request's time.
    Timeout,
    /// What came is no HTTP, or too much of it.
    Protocol,
    /// The user ended the burst.
    Interrupted,
    /// The request was never sent.
    NotSent,
    /// Anything else.
    Other,
}

impl Fault {
    /// A kind, and what is said.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

impl Fault {
    /// How a request ended of which nothing else is known: the server's doing, or not.
    pub fn outcome(self) -> Outcome {
        use ErrorKind::{Closed, ConnectRefused, Protocol, Reset};
        match self.kind {
            ConnectRefused | Reset | Closed | Protocol => Outcome::Rejected(self),
            _ => Outcome::Failed(self),
        }
    }
}

impl Default for Outcome {
    fn default() -> Self {
        Self::Failed(Fault::new(ErrorKind::NotSent, "not sent"))
    }
}

/// How HTTP/2 was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Http2 {
    /// How many connections were opened in all.
    pub connections: usize,
    /// How many streams the server allows on each (SETTINGS_MAX_CONCURRENT_STREAMS); null without a limit.
    pub streams_each: Option<usize>,
}

/// What a reply says of who served it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The instance.
    pub instance: String,
    /// The endpoint's name, such as `e1-p1`.
    pub endpoint: String,
    /// The handler's style, such as `async-awaiting`.
    pub style: String,
    /// How many requests that instance had taken, this one included.
    pub served: u32,
    /// When the request entered the handler, in nanoseconds of the server's clock.
    pub entered_ns: u64,
    /// When it left, likewise.
    pub left_ns: u64,
    /// When the burst started, in nanoseconds of this machine's clock.
    pub start_ns: u64,
    /// The machine that it ran on, where the reply names it.
    pub host: Option<String>,
}

impl Evidence {
    /// When the request entered and left the handler, in microseconds from the burst's start. It
    /// holds only where server and generator share a clock.
    pub fn interval_us(&self) -> (f64, f64) {
        let since_start = |at: u64| (at as i128 - self.start_ns as i128) as f64 / 1e3;
        (since_start(self.entered_ns), since_start(self.left_ns))
    }
}

/// How the load generator fared while it fired.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Generator {
    /// Its share of the machine's processors, from 0 to 1.
    pub cpu: f64,
    /// How late a timer of 1 ms was noticed, by a task that waits for its turn as those of the connections
    /// do, at the 99th percentile, in microseconds.
    pub lag_p99_us: f64,
}

impl Row {
    /// Whether a whole answer with a good status came: 2xx, unless the user says otherwise.
    pub fn is_ok(&self) -> bool {
        match self.outcome {
            Outcome::Answered(status) => self.good.unwrap_or((200..300).contains(&status)),
            _ => false,
        }
    }

    /// When its first byte was sent, or where it had to connect first, when that began.
    pub fn began_us(&self) -> Option<f64> {
        let connecting = self.connect_us.filter(|_| self.connects).unwrap_or(0.0);
        self.sent_us.map(|sent| sent - connecting)
    }

    /// From its beginning to its last byte's arrival, in microseconds.
    pub fn latency_us(&self) -> Option<f64> {
        self.began_us().map(|began| self.done_us - began)
    }

    /// From the planned send, in microseconds: what a user would have waited who came then.
    pub fn latency_from_plan_us(&self) -> Option<f64> {
        self.planned_us.map(|planned| self.done_us - planned)
    }
}

impl Trace {
    /// A trace with nothing missing, of connections that are kept open, on one machine with the server, by a generator
    /// without load.
    pub fn new(schedule: Schedule, service_ms: f64, rows: Vec<Row>) -> Self {
        Self {
            schedule,
            service_ms,
            rows,
            shared_clock: true,
            keep_alive: true,
            generator: Generator::default(),
            missing: MissingData::default(),
        }
    }

    /// The requests that were answered well.
    pub fn answered(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_ok())
    }

    /// From the burst's start to the last byte of its last answer, in milliseconds; 0 where none came.
    pub fn makespan_ms(&self) -> f64 {
        self.answered().map(|row| row.done_us).fold(0.0, f64::max) / 1e3
    }

    /// How late the latest of the first `c` sends was against the plan, in microseconds: later ones of an
    /// open loop may have found no free connection.
    pub fn start_skew_us(&self) -> f64 {
        let first = self.rows.iter().filter(|row| row.i < self.schedule.connections());
        first.filter_map(|row| Some(row.began_us()? - row.planned_us?)).fold(0.0, f64::max)
    }

    /// The Server header that all good answers agree on.
    pub fn server(&self) -> Option<&str> {
        let mut servers = self.answered().map(|row| row.server.as_deref());
        let first = servers.next()??;
        servers.all(|server| server == Some(first)).then_some(first)
    }

    /// How many instances the replies name.
    pub fn instances(&self) -> usize {
        self.distinct(|evidence| Some(&evidence.instance))
    }

    /// How many hosts the replies name.
    pub fn hosts(&self) -> usize {
        self.distinct(|evidence| evidence.host.as_ref())
    }

    fn distinct(&self, name: fn(&Evidence) -> Option<&String>) -> usize {
        let mut names: Vec<_> = self.rows.iter().filter_map(|row| name(row.evidence.as_ref()?)).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }
}
