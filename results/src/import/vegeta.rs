//! vegeta's JSON and CSV (`vegeta encode`): times in nanoseconds, by the wall clock.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use judge::trace::{Evidence, Outcome};
use serde::Deserialize;

use super::collector::{Collector, Key, Request};
use super::format::Format;
use super::outcome::failure;
use super::source::Source;
use crate::evidence;
use crate::input::{csv_fields, json_error};

/// The least number of fields of a CSV line; later versions of vegeta write more.
const MIN_FIELDS: usize = 10;

/// Whether `line` looks like the CSV, which has no header.
fn is_csv(line: &str) -> bool {
    let parts: Vec<&str> = line.split(',').take(3).collect();
    let is_digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_digits) && parts[0].len() >= 16
}

/// What both formats lack.
const LACKS: &[&str] = &["The file does not have the time to connect, which is part of its times."];

/// The JSON format.
pub(super) const JSON: Format = Format {
    tool: "vegeta",
    name: "JSON",
    detect: |head| head.has(&["latency", "timestamp"]),
    read: read_json,
    has_timestamps: true,
    drops_failures: false,
    is_summary: false,
    lacks: LACKS,
};

/// The CSV format.
pub(super) const CSV: Format =
    Format { name: "CSV", detect: |head| is_csv(&head.line), read: read_csv, ..JSON };

fn read_json(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let mut runs = Runs::default();
    let rejected = source.input.each_json(|line| runs.add(from_json(line)?, collector))?;
    collector.add_rejected(rejected);
    Ok(())
}

fn read_csv(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let mut runs = Runs::default();
    let rejected = source.input.each_line(|line| runs.add(from_csv(line)?, collector))?;
    collector.add_rejected(rejected);
    Ok(())
}

/// The runs of a file, which has no headers: each run numbers its requests from 0.
#[derive(Default)]
struct Runs {
    /// How often a number was there before.
    seen: HashMap<u64, usize>,
}

impl Runs {
    fn add(&mut self, (number, request): (u64, Request), collector: &mut Collector) -> Result<(), String> {
        let run = match self.seen.get_mut(&number) {
            Some(times) => {
                *times += 1;
                *times
            }
            None => {
                if self.seen.len() < collector.options.max_rows {
                    self.seen.insert(number, 0);
                }
                0
            }
        };
        collector.start_run(run)?;
        collector.add(request)
    }
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    seq: u64,
    timestamp: jiff::Timestamp,
    latency: i64,
    code: u16,
    #[serde(default)]
    error: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    url: String,
}

/// Returns the request and its number.
fn from_json(line: &[u8]) -> Result<(u64, Request), String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| json_error(&error))?;
    let start_ns =
        i64::try_from(line.timestamp.as_nanosecond()).map_err(|_| "its timestamp is out of range")?;
    let outcome = outcome(line.code, line.error);
    Ok((line.seq, request(start_ns, line.latency, outcome, line.url, line.body.as_deref())))
}

/// Timestamp, status, latency, bytes out and in, error, body, attack, number, method, URL, headers.
fn from_csv(line: &[u8]) -> Result<(u64, Request), String> {
    let fields = csv_fields(line, MIN_FIELDS..)?;
    let integer = |at: usize, name: &str| -> Result<i64, String> {
        let text = fields.get(at).unwrap_or_default();
        text.parse().map_err(|_| format!("{name} is {text:?}, but a whole number is expected"))
    };
    let code = u16::try_from(integer(1, "the status")?).map_err(|_| "the status is out of range")?;
    let error = fields.get(5).unwrap_or_default().to_owned();
    let url = fields.get(10).unwrap_or_default().to_owned();
    let (start_ns, latency_ns) = (integer(0, "the timestamp")?, integer(2, "the latency")?);
    let number = fields.get(8).and_then(|number| number.parse().ok()).unwrap_or(0);
    Ok((number, request(start_ns, latency_ns, outcome(code, error), url, fields.get(6))))
}

fn request(start_ns: i64, latency_ns: i64, outcome: Outcome, url: String, body: Option<&str>) -> Request {
    Request {
        key: Key { setup: String::new(), url },
        start_ns,
        duration_us: latency_ns as f64 / 1e3,
        outcome,
        evidence: body.and_then(evidence_of),
        ..Request::default()
    }
}

fn evidence_of(body: &str) -> Option<Evidence> {
    let fits = body.len() <= evidence::BODY_BYTES * 2;
    evidence::evidence(&BASE64_STANDARD.decode(body).ok().filter(|_| fits)?, 0)
}

/// vegeta reports a bad status as an error, too. A request without a status has no answer.
fn outcome(code: u16, error: String) -> Outcome {
    match code {
        0 => failure(&error),
        status => Outcome::Answered(status),
    }
}
