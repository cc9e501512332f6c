//! hey's CSV (`-o csv`): times in seconds, the start counted from hey's own.

use judge::trace::Outcome;

use super::format::Format;
use super::{Bursts, Request, Source};
use crate::input::{fields, number};

/// What its first line begins with.
pub const HEADER: &str = "response-time,DNS+dialup,";
/// Its times have four decimals.
const STEP_US: f64 = 100.0;
/// How many fields a line has.
const FIELDS: usize = 8;

/// The format.
pub const FORMAT: Format = Format {
    tool: "hey",
    name: "CSV",
    detect: |head| head.line.starts_with(HEADER),
    read,
    has_timestamps: false,
    drops_failures: true,
    is_summary: false,
    lacks: &[DROPS_FAILURES],
};

/// What is said of formats without failed requests.
pub const DROPS_FAILURES: &str = "It leaves out failed requests: without -n, which says how many were sent, missing requests go unnoticed.";

fn read(source: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    bursts.coarsen(STEP_US);
    bursts.read(&mut source.input, |line| {
        (!line.starts_with(HEADER.as_bytes())).then(|| request(line)).transpose()
    })
}

/// `response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset`
fn request(line: &[u8]) -> Result<Request, String> {
    let fields = fields(line, FIELDS..=FIELDS)?;
    let us = |at: usize, what| number(fields.get(at), what).map(|seconds| seconds * 1e6);
    let (took_us, connect_us, read_us) =
        (us(0, "response-time")?, us(1, "DNS+dialup")?, us(5, "Response-read")?);
    Ok(Request {
        began_ns: (us(7, "offset")? * 1e3) as i64,
        took_us,
        connect_us: Some(connect_us),
        first_byte_us: Some(took_us - read_us),
        outcome: Outcome::Answered(status(fields.get(6))?),
        ..Request::default()
    })
}

/// An HTTP status.
pub fn status(text: Option<&str>) -> Result<u16, String> {
    let status = text.and_then(|text| text.parse().ok()).filter(|status| (100..=599).contains(status));
    status.ok_or_else(|| format!("the status is {:?}, and 100 to 599 are allowed", text.unwrap_or_default()))
}
