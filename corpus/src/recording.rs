//! A burst as `traces.jsonl.gz` has it: the names and units of result.json, without what is null.

use std::time::Duration;

use judge::schedule::Schedule;
use judge::trace::{self, ErrorKind, Evidence, Fault, Outcome, Row, Stay, Trace};
use serde::Deserialize;

/// Evidence counts from the burst's start; by the server's clock a request may have entered before it.
const START_NS: f64 = 1e15;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    pub name: String,
    n: usize,
    c: usize,
    spacing_ms: f64,
    service_ms: f64,
    baseline: Baseline,
    keep_alive: bool,
    shared_clock: bool,
    generator: Generator,
    /// The Server header.
    server: Option<String>,
    requests: Vec<Request>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    warm_up_ms: Option<f64>,
    before_ms: Vec<f64>,
    after_ms: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generator {
    cpu: f64,
    lag_p99_us: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    i: usize,
    connect_us: Option<f64>,
    planned_us: Option<f64>,
    sent_us: Option<f64>,
    first_byte_us: Option<f64>,
    done_us: f64,
    status: Option<u16>,
    error_kind: Option<ErrorKind>,
    instance: Option<String>,
    style: Option<String>,
    served: Option<u32>,
    entered_us: Option<f64>,
    left_us: Option<f64>,
}

impl Recording {
    pub fn trace(self) -> Trace {
        let schedule = Schedule {
            c: self.c,
            spacing: Duration::try_from_secs_f64(self.spacing_ms / 1e3).unwrap_or_default(),
            ..Schedule::together(self.n)
        };
        let rows =
            self.requests.into_iter().map(|request| request.row(self.keep_alive, self.server.as_deref()));
        let Baseline { warm_up_ms, before_ms, after_ms } = self.baseline;
        let Generator { cpu, lag_p99_us } = self.generator;
        Trace {
            baseline: trace::Baseline { warm_up_ms, after_ms, ..trace::Baseline::new(before_ms) },
            shared_clock: self.shared_clock,
            keep_alive: self.keep_alive,
            generator: trace::Generator { cpu, lag_p99_us },
            ..Trace::new(schedule, self.service_ms, rows.collect())
        }
    }
}

impl Request {
    fn row(self, keep_alive: bool, server: Option<&str>) -> Row {
        let outcome = match (self.status, self.error_kind) {
            (Some(status), _) => Outcome::Answered(status),
            (None, Some(kind)) => Fault::new(kind, format!("{kind:?}")).outcome(),
            (None, None) => Outcome::default(),
        };
        Row {
            i: self.i,
            connect_us: self.connect_us,
            connects: !keep_alive,
            planned_us: self.planned_us,
            sent_us: self.sent_us,
            first_byte_us: self.first_byte_us,
            done_us: self.done_us,
            server: matches!(outcome, Outcome::Answered(200)).then_some(server).flatten().map(Into::into),
            outcome,
            evidence: self.evidence(),
            ..Row::default()
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        let ns = |us: f64| (START_NS + us * 1e3) as u64;
        Some(Evidence {
            instance: self.instance.clone()?,
            endpoint: String::new(),
            style: self.style.clone().unwrap_or_default(),
            served: Some(self.served?),
            stay: Some(Stay { entered_ns: ns(self.entered_us?), left_ns: ns(self.left_us?) }),
            start_ns: ns(0.0),
            host: None,
        })
    }
}
