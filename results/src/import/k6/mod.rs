//! k6's JSON and CSV (`--out`): several points for each request, with the time of the request's end.
//!
//! The script of `loadtest export k6` adds its own tags, and a metric with the content of the replies.

mod point;
mod summary;

use std::collections::BTreeSet;

use judge::trace::{Evidence, Outcome};

use super::collector::{Collector, Key, Request};
use super::format::Format;
use super::outcome::failure;
use super::send_plan::SendPlan;
use super::source::Source;
use crate::evidence;
pub use point::REPLY_METRIC;
use point::{Columns, Line, Point, Tags};
pub(in crate::import) use summary::{SUMMARY, TEXT};

/// The most different metrics that are told.
const MAX_METRICS: usize = 20;

/// The beginning of the CSV's header line.
pub(in crate::import) const HEADER: &str = "metric_name,timestamp,metric_value";

/// The JSON format.
pub(in crate::import) const JSON: Format = Format {
    tool: "k6",
    name: "JSON",
    detect: |head| head.has(&["type", "metric"]),
    read: read_json,
    has_timestamps: true,
    drops_failures: false,
    is_summary: false,
    lacks: &["k6 records the end of a request: the send is computed as the end minus the duration."],
};

/// The CSV format.
pub(in crate::import) const CSV: Format =
    Format { name: "CSV", detect: |head| head.has_line(HEADER), read: read_csv, ..JSON };

fn read_json(Source { input, .. }: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let mut requests = Requests::default();
    let mut rejected = input.each_json(|line| {
        let Line { described, point } = point::from_json(line)?;
        match (described.as_deref(), point) {
            // k6 describes each metric once, before its first point.
            (Some(metric @ (REQUEST_METRIC | DURATION_METRIC)), _) => requests.describe(metric, collector),
            (_, Some(point)) => requests.add(point, collector),
            _ => Ok(()),
        }
    })?;
    requests.finish(collector).unwrap_or_else(|error| rejected.add("the end", error));
    requests.tell(collector);
    collector.add_rejected(rejected);
    Ok(())
}

fn read_csv(Source { input, .. }: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let mut columns: Option<Columns> = None;
    let mut requests = Requests::default();
    let mut is_in_seconds = true;
    let mut rejected = input.each_line(|line| {
        if line.starts_with(HEADER.as_bytes()) {
            let is_first = columns.replace(Columns::new(line)?).is_none();
            return if is_first { Ok(()) } else { requests.start_run(collector) };
        }
        // Before the header stands what was pasted with it.
        let Some(columns) = &columns else { return Ok(()) };
        let point = columns.point(line)?;
        is_in_seconds &= point.time_ns % 1_000_000_000 == 0;
        requests.add(point, collector)
    })?;
    requests.finish(collector).unwrap_or_else(|error| rejected.add("the end", error));
    requests.tell(collector);
    if is_in_seconds {
        collector.limit_resolution(1e6);
    }
    collector.add_rejected(rejected);
    Ok(())
}

/// The first point of each request.
const REQUEST_METRIC: &str = "http_reqs";
/// The point with a request's duration.
const DURATION_METRIC: &str = "http_req_duration";

/// Joins the points of each request. They follow each other, and the first one is `http_reqs`.
#[derive(Default)]
struct Requests {
    pending: Option<PendingRequest>,
    run: usize,
    /// The metrics that the current run describes.
    described: Vec<String>,
    /// The number of points of `http_reqs`.
    requests: usize,
    /// The metrics of the points, at most as many as are known.
    metrics: BTreeSet<String>,
}

impl Requests {
    /// Notes that the file describes a metric. A second description begins another run.
    fn describe(&mut self, metric: &str, collector: &mut Collector) -> Result<(), String> {
        if self.described.iter().any(|other| other == metric) {
            self.start_run(collector)?;
        }
        self.described.push(metric.to_owned());
        Ok(())
    }

    fn start_run(&mut self, collector: &mut Collector) -> Result<(), String> {
        let finished = self.finish(collector);
        self.run += 1;
        self.described.clear();
        collector.start_run(self.run)?;
        finished
    }

    /// Tells if the file was filtered, so that requests lack points.
    fn tell(&self, collector: &mut Collector) {
        if self.requests > 0 || self.metrics.is_empty() {
            return;
        }
        let metrics = self.metrics.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        collector.note(match self.metrics.contains(DURATION_METRIC) {
            true => format!(
                "The file has only {metrics}, not {REQUEST_METRIC}: it was filtered. Each point of {DURATION_METRIC} counts as a \
                 request; its time to connect is unknown."
            ),
            false => format!(
                "The file has only {metrics}, not {REQUEST_METRIC} and {DURATION_METRIC}: it was filtered; give the whole file."
            ),
        });
    }
}

/// A request that may get more points. Times are in milliseconds.
#[derive(Default)]
struct PendingRequest {
    tags: Tags,
    end_ns: i64,
    duration: Option<f64>,
    blocked: f64,
    connecting: f64,
    handshaking: f64,
    waiting: Option<f64>,
    sending: f64,
    failed: bool,
}

impl Requests {
    fn add(&mut self, point: Point, collector: &mut Collector) -> Result<(), String> {
        if !self.metrics.contains(&*point.metric) && self.metrics.len() < MAX_METRICS {
            self.metrics.insert(point.metric.to_string());
        }
        // In a filtered file, each duration is a request.
        let is_alone = self.requests == 0 && point.metric == DURATION_METRIC;
        if point.metric == REQUEST_METRIC || is_alone {
            let finished = self.finish(collector);
            self.requests += usize::from(!is_alone);
            let duration = is_alone.then_some(point.value);
            self.pending = Some(PendingRequest {
                tags: point.tags,
                end_ns: point.time_ns,
                duration,
                ..PendingRequest::default()
            });
            return finished;
        }
        if point.metric == REPLY_METRIC {
            // The reply may belong to the pending request.
            let finished = self.finish(collector);
            return finished.and_then(|()| reply(&point.tags, collector));
        }
        let Some(pending) = &mut self.pending else { return Ok(()) };
        match &*point.metric {
            DURATION_METRIC => pending.duration = Some(point.value),
            "http_req_blocked" => pending.blocked = point.value,
            "http_req_connecting" => pending.connecting = point.value,
            "http_req_tls_handshaking" => pending.handshaking = point.value,
            "http_req_sending" => pending.sending = point.value,
            "http_req_waiting" => pending.waiting = Some(point.value),
            "http_req_failed" => pending.failed = point.value > 0.0,
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, collector: &mut Collector) -> Result<(), String> {
        match self.pending.take() {
            Some(pending) => pending.add_to(collector),
            None => Ok(()),
        }
    }
}

impl PendingRequest {
    fn add_to(self, collector: &mut Collector) -> Result<(), String> {
        let key = self.tags.key();
        let duration = self.duration.ok_or("a request has no http_req_duration")?;
        match &*self.tags.phase {
            // The request only opened the connection.
            "connect" => return Ok(()),
            "solo" if !self.failed => return collector.add_solo(key, duration),
            "solo" => return Err("the solo request failed".to_owned()),
            _ => {}
        }
        if let Some(plan) = self.tags.send_plan() {
            collector.add_plan(key.clone(), plan)?;
        }
        // `blocked` is the wait for a connection slot plus connecting.
        let connecting = if self.connecting + self.handshaking > 0.0 { self.blocked } else { 0.0 };
        let duration_us = (duration + connecting) * 1e3;
        collector.add(Request {
            key,
            start_ns: self.end_ns.saturating_sub((duration_us * 1e3) as i64),
            duration_us,
            connect_us: Some(connecting * 1e3),
            first_byte_us: self.waiting.map(|waiting| (connecting + self.sending + waiting) * 1e3),
            id: self.tags.id,
            outcome: self.tags.outcome(self.failed),
            ..Request::default()
        })
    }
}

fn reply(tags: &Tags, collector: &mut Collector) -> Result<(), String> {
    let id = tags.id.ok_or("a reply without the tags `vu` and `iter`; add them to k6's system tags")?;
    match tags.evidence() {
        Some(evidence) => collector.add_reply(tags.key(), id, evidence),
        None => Err("a reply with impossible values".to_owned()),
    }
}

impl Tags {
    fn key(&self) -> Key {
        let url = if self.url.is_empty() { &self.name } else { &self.url };
        Key { setup: self.setup.clone(), url: url.clone() }
    }

    fn send_plan(&self) -> Option<SendPlan> {
        let start_ms = self.start_ms?;
        Some(SendPlan {
            start_ns: Some((start_ms * 1e6) as i64),
            spacing_us: self.spacing_ms.unwrap_or(0.0) * 1e3,
            n: self.n,
        })
    }

    fn outcome(&self, failed: bool) -> Outcome {
        match self.status {
            Some(status) if status > 0 => Outcome::Answered(status),
            None if !failed => Outcome::Answered(200),
            _ => failure(&self.error),
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        evidence::evidence(self.reply.as_deref()?.as_bytes(), 0)
    }
}

#[cfg(test)]
mod tests;
