//! A point of a metric, in either of k6's formats.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use crate::import::collector::RequestId;
use crate::input::{csv_fields, json_error, json_message, parse_number};

/// The metric of `loadtest export k6` that has the content of a reply in its tags.
pub const REPLY_METRIC: &str = "loadtest_reply";

/// A point.
#[derive(Debug)]
pub struct Point<'a> {
    pub metric: Cow<'a, str>,
    /// The time, in nanoseconds since 1970.
    pub time_ns: i64,
    pub value: f64,
    pub tags: Tags,
}

/// The tags of a point that the import uses.
#[derive(Debug, Default, PartialEq)]
pub struct Tags {
    pub url: String,
    pub name: String,
    pub status: Option<u16>,
    pub error: String,
    /// The virtual user and its iteration.
    pub id: Option<RequestId>,
    /// The setup. This tag and the ones below are those of an exported script.
    pub setup: String,
    /// The purpose of the request: `connect`, `solo` or `burst`.
    pub phase: String,
    /// The planned start of the burst, in milliseconds since 1970.
    pub start_ms: Option<f64>,
    /// The planned spacing between sends.
    pub spacing_ms: Option<f64>,
    /// The number of requests in the burst.
    pub n: Option<usize>,
    /// The body of the reply.
    pub reply: Option<String>,
}

impl Tags {
    /// Sets a tag if its name is known.
    fn set(&mut self, name: &str, value: &str) {
        let time = || value.parse().ok().filter(|ms: &f64| (0.0..1e15).contains(ms));
        match name {
            "url" => self.url = value.to_owned(),
            "name" => self.name = value.to_owned(),
            "status" => self.status = value.parse().ok(),
            "error" => self.error = value.to_owned(),
            "setup" => self.setup = value.to_owned(),
            "phase" => self.phase = value.to_owned(),
            "start_ms" => self.start_ms = time(),
            "spacing_ms" => self.spacing_ms = time(),
            "n" => self.n = value.parse().ok(),
            "reply" => self.reply = Some(value.to_owned()),
            "vu" => self.id = value.parse().ok().map(|vu| (vu, self.id.map_or(0, |(_, iter)| iter))),
            "iter" => self.id = value.parse().ok().map(|iter| (self.id.map_or(0, |(vu, _)| vu), iter)),
            _ => {}
        }
    }
}

/// A line of the JSON.
#[derive(Debug, Default)]
pub struct Line<'a> {
    /// The metric that it describes, if any.
    pub described: Option<Cow<'a, str>>,
    /// The point of a known metric, if it is one.
    pub point: Option<Point<'a>>,
}

#[derive(Deserialize)]
struct RawLine<'a> {
    #[serde(borrow)]
    metric: Cow<'a, str>,
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a serde_json::value::RawValue,
}

#[derive(Deserialize)]
struct Data<'a> {
    time: jiff::Timestamp,
    value: f64,
    #[serde(default, borrow)]
    tags: Option<HashMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(default, borrow)]
    metadata: Option<HashMap<Cow<'a, str>, Cow<'a, str>>>,
}

/// Parses a line of JSON.
pub fn from_json(line: &[u8]) -> Result<Line<'_>, String> {
    let line: RawLine = serde_json::from_slice(line).map_err(|error| json_error(&error))?;
    match &*line.r#type {
        "Metric" => return Ok(Line { described: Some(line.metric), point: None }),
        "Point" if is_known(&line.metric) => {}
        _ => return Ok(Line::default()),
    }
    let data: Data = serde_json::from_str(line.data.get()).map_err(|error| json_message(&error))?;
    let mut tags = Tags::default();
    for (name, value) in data.tags.iter().chain(&data.metadata).flatten() {
        tags.set(name, value);
    }
    let time_ns = i64::try_from(data.time.as_nanosecond()).map_err(|_| "its time is out of range")?;
    Ok(Line { described: None, point: Some(Point { metric: line.metric, time_ns, value: data.value, tags }) })
}

/// Whether the import uses the metric. Points of other metrics are not parsed further.
fn is_known(metric: &str) -> bool {
    metric.starts_with("http_req") || metric == REPLY_METRIC
}

/// The columns of the CSV. Each system tag that k6 is told to keep has one.
#[derive(Default)]
pub struct Columns {
    names: Vec<String>,
}

impl Columns {
    /// Reads the header line.
    pub fn new(line: &[u8]) -> Result<Self, String> {
        Ok(Self { names: csv_fields(line, 1..)?.iter().map(str::to_owned).collect() })
    }

    /// Parses a line after the header.
    pub fn point(&self, line: &[u8]) -> Result<Point<'static>, String> {
        let count = self.names.len();
        let fields = csv_fields(line, count..=count)?;
        let metric = fields.get(0).unwrap_or_default().to_owned();
        let mut tags = Tags::default();
        if is_known(&metric) {
            for (name, value) in self.names.iter().zip(&fields).skip(3).filter(|(_, value)| !value.is_empty())
            {
                match name.as_str() {
                    "extra_tags" | "metadata" => pairs(value, &mut tags),
                    name => tags.set(name, value),
                }
            }
        }
        let value = parse_number(fields.get(2), "metric_value")?;
        Ok(Point { metric: metric.into(), time_ns: time(fields.get(1).unwrap_or_default())?, value, tags })
    }
}

/// Reads tags in the form `a=b&c=d`. k6 escapes nothing in them.
fn pairs(text: &str, tags: &mut Tags) {
    for pair in text.split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            tags.set(name, value);
        }
    }
}

/// Parses a time in any format of K6_CSV_TIME_FORMAT: seconds, or smaller units, which have more digits; or RFC 3339.
fn time(text: &str) -> Result<i64, String> {
    let wrong = || format!("the timestamp is {text:?}, but a Unix time or an RFC 3339 time is expected");
    if let Ok(number) = text.parse::<i64>() {
        let unit = match text.trim_start_matches('-').len() {
            0..=11 => 1_000_000_000,
            12..=14 => 1_000_000,
            15..=17 => 1_000,
            _ => 1,
        };
        return number.checked_mul(unit).ok_or_else(wrong);
    }
    let stamp: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    i64::try_from(stamp.as_nanosecond()).map_err(|_| wrong())
}
