//! The time that a server says it took for a request, in headers that servers send already.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

/// The longest value that is read, in bytes.
const MAX_BYTES: usize = 1_024;

/// Reads the time in a header's value.
type Parse = fn(&str) -> Option<Duration>;

/// The headers, in the order in which they are read, with the time in each.
static HEADERS: [(HeaderName, Parse); 4] = [
    (HeaderName::from_static("server-timing"), server_timing),
    (HeaderName::from_static("x-runtime"), seconds),
    (HeaderName::from_static("x-process-time"), seconds),
    (HeaderName::from_static("x-response-time"), with_unit),
];

/// Returns the time in the first of these headers that has a valid one: `Server-Timing` (milliseconds), `X-Runtime` (seconds),
/// `X-Process-Time` (seconds), `X-Response-Time` (milliseconds, or with the unit s, ms or us).
pub fn server_time(headers: &HeaderMap) -> Option<Duration> {
    HEADERS.iter().find_map(|(name, parse)| {
        let value = headers.get(name)?.to_str().ok()?;
        (value.len() <= MAX_BYTES).then(|| parse(value)).flatten()
    })
}

/// The duration of the metric `total`, or of the only metric with a duration. Several other metrics may overlap, so that
/// neither their sum nor the longest is the time of the request.
fn server_timing(value: &str) -> Option<Duration> {
    let metrics: Vec<(&str, Duration)> = split(value, ',').filter_map(metric).collect();
    let total = metrics.iter().find(|(name, _)| name.eq_ignore_ascii_case("total"));
    match (total, &metrics[..]) {
        (Some((_, duration)), _) | (None, [(_, duration)]) => Some(*duration),
        _ => None,
    }
}

/// The name and the duration of a metric such as `db;dur=53.2;desc="a query"`.
fn metric(text: &str) -> Option<(&str, Duration)> {
    let mut parts = split(text, ';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut parameters = parts.filter_map(|part| part.split_once('='));
    let (_, value) = parameters.find(|(key, _)| key.trim().eq_ignore_ascii_case("dur"))?;
    Some((name, duration(value.trim().trim_matches('"'), 1e-3)?))
}

/// The parts of `text` between separators outside of quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |char| {
        let is_quote = char == '"' && !escaped;
        quoted ^= is_quote;
        escaped = quoted && char == '\\' && !escaped;
        char == separator && !quoted
    })
}

fn seconds(value: &str) -> Option<Duration> {
    duration(value.trim(), 1.0)
}

fn with_unit(value: &str) -> Option<Duration> {
    let value = value.trim();
    let units = [("ms", 1e-3), ("us", 1e-6), ("\u{b5}s", 1e-6), ("s", 1.0)];
    let unit = units.iter().find_map(|(name, scale)| Some((value.strip_suffix(name)?, *scale)));
    let (number, scale) = unit.unwrap_or((value, 1e-3));
    duration(number.trim_end(), scale)
}

/// A decimal number of this unit, from 0.
fn duration(number: &str, scale: f64) -> Option<Duration> {
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = number.parse().ok().filter(|_| is_plain)?;
    Duration::try_from_secs_f64(value * scale).ok()
}
