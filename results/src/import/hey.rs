//! hey's CSV (`-o csv`): times in seconds, from hey's own start. And its text, a summary.

use judge::trace::Outcome;

use super::collector::{Collector, Request};
use super::format::{DROPS_FAILURES, Format};
use super::hey_text;
use super::outcome::status;
use super::source::Source;
use super::text;
use crate::input::{csv_fields, parse_number};

/// The beginning of the header line.
pub(super) const HEADER: &str = "response-time,DNS+dialup,";
/// The resolution of its times, in microseconds: they have four decimals.
const RESOLUTION_US: f64 = 100.0;
/// The number of fields of a line.
const FIELDS: usize = 8;

/// The format.
pub(super) const FORMAT: Format = Format {
    tool: "hey",
    name: "CSV",
    detect: |head| head.has_line(HEADER),
    read,
    has_timestamps: false,
    drops_failures: true,
    is_summary: false,
    lacks: &[DROPS_FAILURES],
};

/// The text.
pub(super) const TEXT: Format = Format {
    name: "text",
    detect: |head| hey_text::is_summary(&head.text) && !hey_text::is_oha(&head.text),
    read: read_text,
    drops_failures: false,
    is_summary: true,
    lacks: &["The file has no single requests: hey writes them with -o csv."],
    ..FORMAT
};

fn read(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    collector.limit_resolution(RESOLUTION_US);
    collector.read_table(&mut source.input, HEADER, |_, line| request(line).map(Some))
}

fn read_text(source: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    collector.add_summaries(hey_text::summaries(&text::read(source)?, "hey"));
    Ok(())
}

/// `response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset`
fn request(line: &[u8]) -> Result<Request, String> {
    let fields = csv_fields(line, FIELDS..=FIELDS)?;
    let us = |at: usize, name| parse_number(fields.get(at), name).map(|seconds| seconds * 1e6);
    let (duration_us, connect_us, read_us) =
        (us(0, "response-time")?, us(1, "DNS+dialup")?, us(5, "Response-read")?);
    Ok(Request {
        start_ns: (us(7, "offset")? * 1e3) as i64,
        duration_us,
        connect_us: Some(connect_us),
        first_byte_us: Some(duration_us - read_us),
        outcome: Outcome::Answered(status(fields.get(6))?),
        ..Request::default()
    })
}
