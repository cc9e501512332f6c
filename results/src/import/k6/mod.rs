//! k6's points (`--out json` and `--out csv`): several for each request, stamped when it ended.
//!
//! What `loadtest export k6` writes marks them with tags of its own, and gives what the replies say as a metric.

mod point;

use judge::trace::{Evidence, Outcome};

use super::bursts::{Id, Key};
use super::format::Format;
use super::pattern::Plan;
use super::vegeta::fault;
use super::{Bursts, Request, Source};
use crate::evidence;
use point::{Columns, Point, Tags};

/// What the first line of its CSV begins with.
pub(super) const HEADER: &str = "metric_name,timestamp,metric_value";
/// The metric that carries what a reply says, in its tags.
pub const REPLY: &str = "loadtest_reply";

/// The JSON format.
pub(crate) const JSON: Format = Format {
    tool: "k6",
    name: "JSON",
    detect: |head| head.line_has(&["type", "metric"]),
    read: read_json,
    has_timestamps: true,
    drops_failures: false,
    is_summary: false,
    lacks: &["k6 stamps a request when it ends: its send time is its end less its duration."],
};

/// The CSV format.
pub(crate) const CSV: Format =
    Format { name: "CSV", detect: |head| head.line.starts_with(HEADER), read: read_csv, ..JSON };

fn read_json(Source { input, .. }: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    let mut requests = Requests::default();
    let mut broken = input.each_line(|line| match point::by_json(line)? {
        Some(point) => requests.take(point, bursts),
        None => Ok(()),
    })?;
    requests.end(bursts).unwrap_or_else(|why| broken.add("the end", why));
    bursts.add_broken(broken);
    Ok(())
}

fn read_csv(Source { input, .. }: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    let mut columns = Columns::default();
    let mut requests = Requests::default();
    let mut is_coarse = true;
    let mut broken = input.each_line(|line| {
        if line.starts_with(HEADER.as_bytes()) {
            columns = Columns::of(line)?;
            return Ok(());
        }
        let point = columns.point(line)?;
        is_coarse &= point.time_ns % 1_000_000_000 == 0;
        requests.take(point, bursts)
    })?;
    requests.end(bursts).unwrap_or_else(|why| broken.add("the end", why));
    if is_coarse {
        bursts.coarsen(1e6);
    }
    bursts.add_broken(broken);
    Ok(())
}

/// Puts the points of a request together: they come one after the other, and the first counts it.
#[derive(Default)]
struct Requests {
    open: Option<Open>,
}

/// A request of which more may come. Times are in milliseconds.
#[derive(Default)]
struct Open {
    tags: Tags,
    ended_ns: i64,
    duration: Option<f64>,
    blocked: f64,
    connecting: f64,
    handshaking: f64,
    waiting: Option<f64>,
    sending: f64,
    failed: bool,
}

impl Requests {
    fn take(&mut self, point: Point, bursts: &mut Bursts) -> Result<(), String> {
        if point.metric == "http_reqs" {
            let ended = self.end(bursts);
            self.open = Some(Open { tags: point.tags, ended_ns: point.time_ns, ..Open::default() });
            return ended;
        }
        if point.metric == REPLY {
            // Its request may be the one that is still open.
            let ended = self.end(bursts);
            return ended.and_then(|()| reply(&point.tags, bursts));
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        match &*point.metric {
            "http_req_duration" => open.duration = Some(point.value),
            "http_req_blocked" => open.blocked = point.value,
            "http_req_connecting" => open.connecting = point.value,
            "http_req_tls_handshaking" => open.handshaking = point.value,
            "http_req_sending" => open.sending = point.value,
            "http_req_waiting" => open.waiting = Some(point.value),
            "http_req_failed" => open.failed = point.value > 0.0,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, bursts: &mut Bursts) -> Result<(), String> {
        match self.open.take() {
            Some(open) => open.add_to(bursts),
            None => Ok(()),
        }
    }
}

impl Open {
    fn add_to(self, bursts: &mut Bursts) -> Result<(), String> {
        let key = self.tags.key();
        let duration = self.duration.ok_or("a request has no http_req_duration")?;
        match &*self.tags.phase {
            // It only opened the connection.
            "connect" => return Ok(()),
            "solo" if !self.failed => return bursts.add_alone(key, duration),
            "solo" => return Err("the request alone failed".to_owned()),
            _ => {}
        }
        if let Some(plan) = self.tags.plan() {
            bursts.add_plan(key.clone(), plan)?;
        }
        // `blocked` holds connecting, and the wait for a connection before it.
        let connecting = if self.connecting + self.handshaking > 0.0 { self.blocked } else { 0.0 };
        let took = duration + connecting;
        bursts.add(Request {
            key,
            began_ns: self.ended_ns.saturating_sub((took * 1e6) as i64),
            took_us: took * 1e3,
            connect_us: Some(connecting * 1e3),
            first_byte_us: self.waiting.map(|waiting| (connecting + self.sending + waiting) * 1e3),
            id: self.tags.id,
            outcome: self.tags.outcome(self.failed),
            ..Request::default()
        })
    }
}

fn reply(tags: &Tags, bursts: &mut Bursts) -> Result<(), String> {
    let id = tags.id.ok_or("a reply without `vu` and `iter`: k6's system tags must have them")?;
    match tags.evidence() {
        Some(evidence) => bursts.add_reply(tags.key(), id, evidence),
        None => Err("a reply that says what can't be".to_owned()),
    }
}

impl Tags {
    fn key(&self) -> Key {
        let url = if self.url.is_empty() { &self.name } else { &self.url };
        Key { setup: self.setup.clone(), url: url.clone() }
    }

    fn plan(&self) -> Option<Plan> {
        let start_ms = self.start_ms?;
        Some(Plan {
            start_ns: Some((start_ms * 1e6) as i64),
            spacing_us: self.spacing_ms.unwrap_or(0.0) * 1e3,
            n: self.n,
        })
    }

    fn outcome(&self, failed: bool) -> Outcome {
        match self.status {
            Some(status) if status > 0 => Outcome::Answered(status),
            None if !failed => Outcome::Answered(200),
            _ => fault(self.error.clone()),
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        evidence::evidence(self.reply.as_deref()?.as_bytes(), 0)
    }
}
