//! A burst as it was measured: one row per request, without conclusions.
//!
//! Times are microseconds from the burst's own start: the barrier's release plus the burst's delay.

mod baseline;
mod beside;
mod ending;
mod evidence;
mod outcome;
mod phases;
mod row;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;

pub use baseline::Baseline;
pub use beside::{Origin, note_answers_beside};
pub use ending::Ending;
pub use evidence::{Evidence, Stay};
pub use outcome::{ErrorKind, Fault, Outcome};
pub use phases::Phases;
pub use row::{Row, Statuses};

/// A burst as it was measured.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The plan: when which request was to be sent.
    pub schedule: Schedule,
    /// The service time: how long one request alone takes, in milliseconds. The median, if several were measured.
    pub service_ms: f64,
    /// The times of the requests alone; empty if only `service_ms` is known.
    pub baseline: Baseline,
    /// One row per request, in the order of `i`.
    pub rows: Vec<Row>,
    /// Whether server and generator share a clock.
    pub shared_clock: bool,
    /// Whether connections were kept open between requests. If not, the times include connecting.
    pub keep_alive: bool,
    /// The load generator's own condition during the burst.
    pub generator: Generator,
    /// What the trace's writer left out.
    pub missing: MissingData,
    /// When the same server answered requests of other bursts: it didn't stand still then.
    pub beside_us: Vec<f64>,
}

/// Whether a trace contains the requests that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Failures {
    /// The trace contains them.
    #[default]
    Kept,
    /// The trace doesn't contain them, but the number of all requests is known.
    Counted,
    /// The trace doesn't contain them, and their number is unknown.
    Unknown,
}

/// What is missing in a trace that another tool wrote. Nothing is missing in a trace of this project's generator.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MissingData {
    /// The service time was not measured: the quickest answer stands in for it.
    pub service: bool,
    /// Whether failed requests are missing.
    pub failures: Failures,
    /// The resolution of the times, in microseconds; 0 if they are exact.
    pub resolution_us: f64,
}

/// How HTTP/2 was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Http2 {
    /// The number of connections that were opened.
    pub connections: usize,
    /// The number of streams that the server allows on each connection (SETTINGS_MAX_CONCURRENT_STREAMS); null if there
    /// is no limit.
    pub streams_each: Option<usize>,
}

/// The load generator's own condition during a burst.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Generator {
    /// The share of the machine's processors that it used, from 0 to 1.
    pub cpu: f64,
    /// The delay of a 1 ms timer at the 99th percentile, in microseconds. The timer's task waits for its turn as the
    /// connections' tasks do.
    pub lag_p99_us: f64,
}

impl Trace {
    /// Returns a trace in which nothing is missing: connections are kept open, the server runs on the generator's
    /// machine, and the generator is idle.
    pub fn new(schedule: Schedule, service_ms: f64, rows: Vec<Row>) -> Self {
        Self {
            schedule,
            service_ms,
            baseline: Baseline::default(),
            rows,
            shared_clock: true,
            keep_alive: true,
            generator: Generator::default(),
            missing: MissingData::default(),
            beside_us: Vec::new(),
        }
    }

    /// Returns the requests with a good answer.
    pub fn answered(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_ok())
    }

    /// Whether a request reached the server, or may have: its connection was opened.
    pub fn is_reached(&self) -> bool {
        self.rows.is_empty()
            || !self.rows.iter().all(|row| match &row.outcome {
                Outcome::Answered(_) => false,
                Outcome::Rejected(fault) | Outcome::Failed(fault) => fault.kind.is_of_connecting(),
            })
    }

    /// Returns the time from the burst's start to the last byte of the last good answer, in milliseconds; 0 if there is
    /// none.
    pub fn makespan_ms(&self) -> f64 {
        self.answered().map(|row| row.done_us).fold(0.0, f64::max) / 1e3
    }

    /// Returns the largest delay of the first `c` sends behind the plan, in microseconds. Later sends of an open loop
    /// don't count: they may have found no free connection.
    pub fn start_skew_us(&self) -> f64 {
        let first = self.rows.iter().filter(|row| row.i < self.schedule.connections());
        first.filter_map(|row| Some(row.began_us()? - row.planned_us?)).fold(0.0, f64::max)
    }

    /// Returns the Server header if it is the same in all good answers.
    pub fn server(&self) -> Option<&str> {
        let mut servers = self.answered().map(|row| row.server.as_deref());
        let first = servers.next()??;
        servers.all(|server| server == Some(first)).then_some(first)
    }

    /// Returns the number of instances that the replies name.
    pub fn instances(&self) -> usize {
        self.distinct(|evidence| Some(&evidence.instance))
    }

    /// Returns the number of hosts that the replies name.
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
