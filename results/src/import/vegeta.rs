//! vegeta's results, as `vegeta encode` writes them in JSON and in CSV: times in nanoseconds, by the wall clock.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use judge::trace::{ErrorKind, Evidence, Fault, Outcome};
use serde::Deserialize;

use super::bursts::Key;
use super::format::Format;
use super::{Bursts, Request, Source};
use crate::evidence;
use crate::input::{fields, json_error};

/// The fewest fields of a line of CSV; later versions have more.
const FIELDS: usize = 10;

/// So much of an error's text is kept, in characters.
const LONGEST_ERROR: usize = 200;

/// Whether this could be the first line of its CSV, which has no header.
fn is_line(line: &str) -> bool {
    let parts: Vec<&str> = line.split(',').take(3).collect();
    let is_digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_digits) && parts[0].len() >= 16
}

/// What both formats lack.
const LACKS: &[&str] = &["How long connecting took isn't in it, and is part of the times."];

/// The JSON format.
pub const JSON: Format = Format {
    tool: "vegeta",
    name: "JSON",
    detect: |head| head.line_has(&["latency", "timestamp"]),
    read: read_json,
    has_timestamps: true,
    drops_failures: false,
    is_summary: false,
    lacks: LACKS,
};

/// The CSV format.
pub const CSV: Format = Format { name: "CSV", detect: |head| is_line(&head.line), read: read_csv, ..JSON };

fn read_json(source: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    bursts.read(&mut source.input, |line| by_json(line).map(Some))
}

fn read_csv(source: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    bursts.read(&mut source.input, |line| by_csv(line).map(Some))
}

#[derive(Deserialize)]
struct Line {
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

fn by_json(line: &[u8]) -> Result<Request, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| json_error(&error))?;
    let began_ns =
        i64::try_from(line.timestamp.as_nanosecond()).map_err(|_| "its timestamp is out of range")?;
    Ok(request(began_ns, line.latency, outcome(line.code, line.error), line.url, line.body.as_deref()))
}

/// Timestamp, status, latency, bytes out and in, error, body, attack, number, method, URL, headers.
fn by_csv(line: &[u8]) -> Result<Request, String> {
    let fields = fields(line, FIELDS..)?;
    let whole = |at: usize, what: &str| -> Result<i64, String> {
        let text = fields.get(at).unwrap_or_default();
        text.parse().map_err(|_| format!("{what} is {text:?}, and a whole number is allowed"))
    };
    let code = u16::try_from(whole(1, "the status")?).map_err(|_| "the status is out of range")?;
    let error = fields.get(5).unwrap_or_default().to_owned();
    let url = fields.get(10).unwrap_or_default().to_owned();
    Ok(request(
        whole(0, "the timestamp")?,
        whole(2, "the latency")?,
        outcome(code, error),
        url,
        fields.get(6),
    ))
}

fn request(began_ns: i64, latency_ns: i64, outcome: Outcome, url: String, body: Option<&str>) -> Request {
    Request {
        key: Key { setup: String::new(), url },
        began_ns,
        took_us: latency_ns as f64 / 1e3,
        outcome,
        evidence: body.and_then(reply),
        ..Request::default()
    }
}

fn reply(body: &str) -> Option<Evidence> {
    let fits = body.len() <= evidence::BODY_BYTES * 2;
    evidence::evidence(&BASE64_STANDARD.decode(body).ok().filter(|_| fits)?, 0)
}

/// A status that isn't good is an error of vegeta's, too; what has no status has no answer.
fn outcome(code: u16, error: String) -> Outcome {
    match code {
        0 => fault(error),
        status => Outcome::Answered(status),
    }
}

/// Why no answer came, by the words of Go's errors.
pub fn fault(text: String) -> Outcome {
    let said = text.to_lowercase();
    let kind = match () {
        () if said.contains("connection refused") => ErrorKind::ConnectRefused,
        () if said.contains("reset") => ErrorKind::Reset,
        () if said.contains("eof") => ErrorKind::Closed,
        () if said.contains("timeout") || said.contains("deadline") => ErrorKind::Timeout,
        () => ErrorKind::Other,
    };
    Fault::new(kind, text.chars().take(LONGEST_ERROR).collect::<String>()).outcome()
}
