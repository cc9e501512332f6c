//! A point of a metric, by either of k6's formats.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::Id;
use crate::input::{fields, json_error, number};

/// A point.
#[derive(Debug)]
pub struct Point<'a> {
    pub metric: Cow<'a, str>,
    /// When, in nanoseconds since 1970.
    pub time_ns: i64,
    pub value: f64,
    pub tags: Tags,
}

/// What a point is marked with, as far as it matters here.
#[derive(Debug, Default, PartialEq)]
pub struct Tags {
    pub url: String,
    pub name: String,
    pub status: Option<u16>,
    pub error: String,
    /// The virtual user, and its iteration.
    pub id: Option<Id>,
    /// Those of an exported script: the setup, what the request was for, when and how the burst was to be sent, how
    /// many requests it has, and what the reply says.
    pub setup: String,
    pub phase: String,
    pub start_ms: Option<f64>,
    pub spacing_ms: Option<f64>,
    pub n: Option<usize>,
    pub reply: Option<String>,
}

impl Tags {
    /// Takes one of them, where it is known.
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

#[derive(Deserialize)]
struct Line<'a> {
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

/// `None` where the line describes a metric.
pub fn by_json(line: &[u8]) -> Result<Option<Point<'_>>, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| json_error(&error))?;
    if line.r#type != "Point" || !is_known(&line.metric) {
        return Ok(None);
    }
    let data: Data = serde_json::from_str(line.data.get()).map_err(|error| json_error(&error))?;
    let mut tags = Tags::default();
    for (name, value) in data.tags.iter().chain(&data.metadata).flatten() {
        tags.set(name, value);
    }
    let time_ns = i64::try_from(data.time.as_nanosecond()).map_err(|_| "its time is out of range")?;
    Ok(Some(Point { metric: line.metric, time_ns, value: data.value, tags }))
}

/// Points of other metrics are not looked into.
fn is_known(metric: &str) -> bool {
    metric.starts_with("http_req") || metric == super::REPLY
}

/// Which column of the CSV is which: the tags that k6 was told to keep have one each.
#[derive(Default)]
pub struct Columns {
    names: Vec<String>,
}

impl Columns {
    /// By the first line.
    pub fn of(line: &[u8]) -> Result<Self, String> {
        Ok(Self { names: fields(line, 1..)?.iter().map(str::to_owned).collect() })
    }

    pub fn point(&self, line: &[u8]) -> Result<Point<'static>, String> {
        let count = self.names.len();
        let fields = fields(line, count..=count)?;
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
        let value = number(fields.get(2), "metric_value")?;
        Ok(Point { metric: metric.into(), time_ns: time(fields.get(1).unwrap_or_default())?, value, tags })
    }
}

/// `a=b&c=d`, as it is: k6 escapes nothing.
fn pairs(text: &str, tags: &mut Tags) {
    for pair in text.split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            tags.set(name, value);
        }
    }
}

/// By K6_CSV_TIME_FORMAT: seconds, or smaller parts of them, which have more digits; or by RFC 3339.
fn time(text: &str) -> Result<i64, String> {
    let wrong = || format!("the timestamp is {text:?}, and a Unix time or one by RFC 3339 is allowed");
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
