//! JMeter's CSV (`-l FILE.jtl`): single requests, times in milliseconds, by the wall clock.

use judge::trace::Outcome;

use super::collector::{Collector, Key, Request};
use super::format::Format;
use super::outcome::{failure, status};
use super::source::Source;
use crate::input::{csv_fields, parse_number};

/// The beginning of the header line.
pub(super) const HEADER: &str = "timeStamp,elapsed,";
/// The resolution of its times, in microseconds.
const RESOLUTION_US: f64 = 1_000.0;

/// The format.
pub(super) const CSV: Format = Format {
    tool: "JMeter",
    name: "CSV",
    detect: |head| head.has_line(HEADER),
    read,
    has_timestamps: true,
    drops_failures: false,
    is_summary: false,
    lacks: &["JMeter's times are whole milliseconds."],
};

fn read(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    collector.limit_resolution(RESOLUTION_US);
    collector.read_table(&mut source.input, HEADER, request)
}

/// `timeStamp,elapsed,label,responseCode,...,URL,Latency,IdleTime,Connect`: which columns there are is a setting.
fn request(header: &[u8], line: &[u8]) -> Result<Option<Request>, String> {
    let names = csv_fields(header, 1..)?;
    let fields = csv_fields(line, names.len()..=names.len())?;
    let field =
        |name: &str| names.iter().zip(&fields).find(|(other, _)| *other == name).map(|(_, value)| value);
    let us = |name: &str| parse_number(field(name), name).map(|ms| ms * 1e3);
    // A transaction sums up the samples in it.
    if field("responseMessage").is_some_and(|text| text.starts_with("Number of samples in transaction")) {
        return Ok(None);
    }
    let started = field("timeStamp").unwrap_or_default();
    let started: i64 = started.parse().map_err(|_| {
        format!("timeStamp is {started:?}, but milliseconds since 1970 are expected (jmeter.save.saveservice.timestamp_format=ms)")
    })?;
    let connect_us = us("Connect").ok();
    let url = field("URL").filter(|url| !url.is_empty() && *url != "null").or(field("label"));
    let code = field("responseCode").unwrap_or_default();
    Ok(Some(Request {
        key: Key { url: url.unwrap_or_default().to_owned(), ..Key::default() },
        start_ns: started.checked_mul(1_000_000).ok_or("timeStamp is out of range")?,
        duration_us: us("elapsed")?,
        connect_us,
        first_byte_us: us("Latency").ok(),
        outcome: match status(Some(code)) {
            Ok(status) => Outcome::Answered(status),
            // `Non HTTP response code: java.net.ConnectException`
            Err(_) => failure(&format!("{code} {}", field("responseMessage").unwrap_or_default())),
        },
        ..Request::default()
    }))
}
